import { expect, test } from 'vitest';
import { run, XDPKIT } from '../e2e/running.js';

const cid = (...words: string[]) => run([...XDPKIT, 'cid', ...words]);
const jsonOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const QUIC_LB = ['--codec', 'quic-lb', '--server-id-length', '3', '--nonce-length', '4'];
const KEY = ['--key', '8f95f09245765f80256934e50c66207f'];

test('decode tells the server, and what an ID is made of', async () => {
  expect(await cid('decode', ...QUIC_LB, ...KEY, '0720b1d07b359d3c', '0x07:20:b1')).toEqual({
    status: 1,
    stdout:
      '0720b1d07b359d3c  server 15563066  (configuration 0, server ID ed793a, nonce ee080dbf)\n' +
      '0720b1  no server: too short  (configuration 0)\n',
    stderr: '',
  });
  const { status, stdout } = await cid('decode', '--codec', 'katran', '--json', 'bf01234500000000');
  expect(status).toBe(0);
  expect(jsonOf(stdout)).toEqual([
    {
      version: 1,
      type: 'cid',
      codec: 'katran',
      id: 'bf01234500000000',
      server: 0x012345,
      fields: [
        { name: 'version', value: 2 },
        { name: 'id', value: 'bf01234500000000' },
      ],
    },
  ]);
});

test('encode makes IDs that decode reads', async () => {
  const exact = ['--self-length', '--full-server-id', 'ed793a', '--nonce', 'ee080dbf'];
  expect((await cid('encode', ...QUIC_LB, ...KEY, ...exact)).stdout).toBe('0720b1d07b359d3c\n');
  const { stdout } = await cid('encode', ...QUIC_LB, ...KEY, '5', '6');
  const decoded = await cid('decode', ...QUIC_LB, ...KEY, ...stdout.trim().split('\n'), '--json');
  expect(jsonOf(decoded.stdout)).toMatchObject([{ server: 5 }, { server: 6 }]);
});

test('generate makes as many as wanted', async () => {
  const { stdout } = await cid('generate', '--codec', 'msquic', '-n', '25', '--json');
  expect(jsonOf(stdout)).toHaveLength(25);
  const unroutable = await cid('generate', ...QUIC_LB, '-n', '2', '--unroutable', '12', '--json');
  expect(jsonOf(unroutable.stdout)).toMatchObject([1, 2].map(() => ({ server: null, reason: 'unroutable' })));
});

test.concurrent.each([
  [['decode', '00'], /without a codec an ID is only bytes.*--codec cidv1, katran, msquic, cibir, quic-lb/s],
  [['decode', '--codec', 'quic-lb', '00'], /quic-lb needs --server-id-length/],
  [
    ['decode', '--codec', 'katran', '--key', '00', '00'],
    /--key is no option of katran.*it has --id-version, --id-length/s,
  ],
  [['decode', '--codec', 'cidv1', '0'], /two for each byte/],
  [['decode', '--codec', 'cidv1', '00'.repeat(21)], /1 to 20 bytes/],
  [['decode', ...QUIC_LB, '--key', '00', '00'], /16 bytes, not 1/],
  [['encode', '--codec', 'katran', '65536'], /65536 is no server for katran version 1.*from 1 to 65535/s],
  [['encode', '--codec', 'katran'], /which server.*from 1 to 65535/s],
  [['encode', '--codec', 'cidv1', '--nonce', '00', '1'], /--nonce needs --full-server-id/],
  [['encode', '--codec', 'cidv1', '--full-server-id', '00'], /--full-server-id is no option of cidv1/],
  [['encode', ...QUIC_LB, '--full-server-id', '000000', '--nonce', '00'], /a nonce of 4/],
  [['generate', '--codec', 'cidv1', '--unroutable', '12'], /--unroutable is no option of cidv1/],
])('%j is refused, with a way out', async (words, message) => {
  const { status, stderr } = await cid(...words);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
});
