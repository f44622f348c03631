// needs: clang-14, bpftool, ip
import { existsSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BpfMap, bpffs } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab, setLink } from '../../dist/netdev/index.js';
import { BpfObject } from '../../dist/object/index.js';
import { jsonLines } from '../e2e/json-lines.js';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { bpftool } from '../kernel/bpftool.js';
import { FarEnd } from '../kernel/far-end.js';
import { ip, needKernel, run as tool } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { compile, compileText } from './compile.js';
import { udpFrame } from './packets.js';

let lab: Lab;
let netns: string;
let far: string;
beforeEach(() => {
  lab = createLab('load');
  netns = lab.namespace('near');
  far = lab.namespace('far');
  lab.veth({ name: 'port0', netns, peer: { name: 'eth0', netns: far } });
});
afterEach(() => lab.close());

const command = (...args: string[]) => [...XDPKIT, 'load', ...args];
const start = (...args: string[]) => new Running(command(...args), { netns });
const xdp = (name = 'port0') => getLink(name, { netns }).xdp;
const counter = () => compile('counter');

function send(frames: readonly Uint8Array[]): void {
  using sender = new FarEnd(getLink('eth0', { netns: far }).index, far);
  for (const frame of frames) sender.send(frame);
}

/** That it ends so, with one line of JSON, and attaches nothing. */
async function expectRefused(args: string[], status: number, code: string, message: RegExp): Promise<void> {
  const before = xdp();
  const ending = await run(command(...args, '--json'), { netns });
  expect(ending).toMatchObject({ status, stderr: '' });
  expect(jsonLines(ending.stdout)).toEqual([
    expect.objectContaining({ type: 'error', code, message: expect.stringMatching(message) }),
  ]);
  expect(xdp()).toEqual(before);
}

test.each(['native', 'generic'] as const)('a program is there until Ctrl-C (%s)', async (mode) => {
  await using running = start('port0', counter(), '--mode', mode);
  const [, words = '', id, tag] = await running.says(
    /port0: count_packets is attached in (\w+) mode \(program (\d+), tag (\w+), link \d+\)/,
  );
  expect(words).toBe(mode);
  const shown = { name: 'count_packets', id: Number(id), tag };
  expect(ip('link show port0', netns)[0].xdp.prog).toMatchObject(shown);
  expect(bpftool('net show', netns)[0].xdp).toMatchObject([
    { devname: 'port0', mode: mode === 'native' ? 'driver' : 'generic', id: Number(id) },
  ]);
  running.kill('SIGINT');
  expect(await running.end()).toMatchObject({ status: 130, stderr: '' });
  expect(xdp()).toEqual([]);
});

test('as JSON: variables are set, maps and variables are dumped', async () => {
  const args = ['--set', 'blocked_port=0x1bb', '--set', 'seen=100', '--dump', 'ports', '--dump', 'seen'];
  await using running = start('port0', counter(), ...args, '--dump', 'networks', '-i', '50ms', '--json');
  await running.says(/"type":"dump"/);
  send([443, 443, 80].map((port) => udpFrame({ port })));
  await running.says(/"name":"seen","value":103}/);
  running.kill('SIGTERM');
  const { status, stdout } = await running.end();
  expect(status).toBe(0);
  const lines = jsonLines(stdout);
  expect(lines[0]).toMatchObject({
    type: 'start',
    interface: 'port0',
    mode: 'native',
    program: { name: 'count_packets', kernelName: 'count_packets' },
    notices: [],
  });
  expect((lines[0]!['maps'] as { name: string }[]).map(({ name }) => name).sort()).toEqual([
    '.bss',
    '.data',
    '.rodata',
    'actions',
    'networks',
    'ports',
  ]);
  const [ports, seen, networks, summary] = lines.slice(-4);
  expect(ports).toMatchObject({ type: 'dump', name: 'ports' });
  expect(
    new Map((ports!['elements'] as { key: number; value: object }[]).map(({ key, value }) => [key, value])),
  ).toEqual(
    new Map([
      [443, { packets: 2, bytes: 120 }],
      [80, { packets: 1, bytes: 60 }],
    ]),
  );
  expect(seen).toMatchObject({ type: 'dump', name: 'seen', value: 103 });
  expect(networks).toMatchObject({ type: 'dump', name: 'networks', elements: [] });
  expect(summary).toMatchObject({ type: 'summary', seconds: expect.any(Number) });
});

test('in words, for a time', async () => {
  const args = ['--dump', 'mac', '--dump', 'list', '--dump', 'point', '--dump', 'yes', '--dump', 'text'];
  const set = ['mac=02:00:00:00:00:ff', 'list=1,-0,0x10', 'yes=false', 'text=abc', 's8=-7'];
  const { status, stdout, stderr } = await run(
    command('port0', compile('variables'), ...args, ...set.flatMap((one) => ['--set', one]), '-d', '200ms'),
    { netns },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n').slice(1, 6)).toEqual([
    'mac = 0200000000ff',
    'list = [1, 0, 16]',
    'point = {x -3, tag 9, weight 5}',
    'yes = false',
    `text = ${Buffer.from('abc').toString('hex').padEnd(32, '0')}`,
  ]);
  expect(xdp()).toEqual([]);
});

test('in a namespace that is named', async () => {
  await using running = new Running(command('port0', counter(), '--netns', netns));
  await running.says(/port0: count_packets is attached/);
  expect(xdp()).toMatchObject([{ mode: 'native' }]);
});

test('killed, it gives the interface back', async () => {
  await using running = start('port0', counter());
  await running.says(/is attached/);
  running.kill('SIGKILL');
  await running.end();
  await expect.poll(xdp, { timeout: patient(2000) }).toEqual([]);
});

test.each<[string, () => unknown]>([
  ['the interface goes away', () => tool(`ip -n ${netns} link del port0`)],
  ['somebody takes the program off', () => tool(`bpftool link detach id ${linkId()}`, netns)],
])('it ends with an error when %s', async (_, happen) => {
  await using running = start('port0', counter());
  await running.says(/is attached/);
  happen();
  const { status, stderr } = await running.end();
  expect(status).toBe(1);
  expect(stderr).toMatch(/port0 went away, or somebody took the program off \[XDP_ERR_INTERFACE_GONE\]/);
});

function linkId(): number {
  const [{ programId } = { programId: 0 }] = xdp();
  return bpftool('link show').find((link: { prog_id: number }) => link.prog_id === programId).id;
}

test('a map that is pinned is used, and stays', async () => {
  const pin = `${bpffs()}/xdpkit-test-load-${process.pid}`;
  try {
    for (const count of [1n, 2n]) {
      await using running = start('port0', counter(), '--map', `ports=${pin}`);
      await running.says(/is attached/);
      send([udpFrame({ port: 9 })]);
      using map = BpfMap.openPinned(pin);
      const packets = () => map.typed('u16', { packets: 'u64', bytes: 'u64' }).get(9)?.packets;
      await expect.poll(packets, { timeout: patient(5000) }).toBe(count);
    }
  } finally {
    rmSync(pin, { force: true });
  }
});

test('frames beyond a page are for programs that say they cope with fragments', async () => {
  setLink('port0', { mtu: 9000 }, { netns });
  setLink('eth0', { mtu: 9000 }, { netns: far });
  await expectRefused(['port0', compile('sections'), '-p', 'plain'], 1, 'XDP_ERR_MTU', /MTU of port0/);
  await using running = start('port0', compile('sections'), '-p', 'fragments', '--mode', 'native');
  await running.says(/fragments is attached in native mode/);
});

test('a program that asks for RX metadata is bound to the interface', async (context) => {
  needKernel(context, 6, 3);
  const source = `
    extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash, int *type) __ksym;
    SEC("xdp") int hashing(struct xdp_md *ctx) {
      __u32 hash = 0;
      int type = 0;
      return bpf_xdp_metadata_rx_hash(ctx, &hash, &type) ? XDP_PASS : XDP_DROP;
    }`;
  const file = compileText('hashing', source);
  expect(() => BpfObject.open(file).load()).toThrow(expect.objectContaining({ code: 'XDP_ERR_VERIFIER' }));
  await using running = start('port0', file);
  await running.says(/hashing is attached in native mode/);
});

describe('refused', () => {
  test('a program of somebody else is there', async () => {
    await using running = start('port0', counter());
    await running.says(/is attached/);
    const pin = `${bpffs()}/xdpkit-test-refused-${process.pid}`;
    const args = ['port0', counter(), '--force', '--map', `ports=${pin}`];
    await expectRefused(args, 5, 'XDP_ERR_FOREIGN_PROGRAM', /count_packets .* is already attached to port0/);
    expect(existsSync(pin)).toBe(false);
  });

  test('the interface carries the default route, unless it is forced', async () => {
    tool(`ip -n ${netns} addr add 10.7.0.1/24 dev port0`);
    tool(`ip -n ${netns} route add default via 10.7.0.2`);
    await expectRefused(['port0', counter()], 5, 'XDP_ERR_PROTECTED', /default route/);
    await using running = start('port0', counter(), '--force');
    await running.says(/is attached/);
  });

  test('no native XDP', async () => {
    const args = ['lo', compile('optional'), '--mode', 'native'];
    await expectRefused(args, 4, 'XDP_ERR_NATIVE_UNSUPPORTED', /lo has no native XDP/);
    await using running = start('lo', compile('optional'));
    await running.says(/lo: always is attached in generic mode/);
    await running.says(/slower/);
  });

  test.each<[string, () => string[], number, string, RegExp]>([
    ['no interface', () => ['nope', counter()], 1, 'XDP_ERR_NO_INTERFACE', /"nope"/],
    ['no object', () => ['port0', '/etc/passwd'], 1, 'XDP_ERR_OBJECT', /no ELF file/],
    ['several programs', () => ['port0', compile('functions')], 2, 'XDP_ERR_USAGE', /several programs/],
    ['no such program', () => ['port0', counter(), '-p', 'nope'], 2, 'XDP_ERR_USAGE', /no program nope/],
    [
      'a program for maps',
      () => ['port0', compile('sections'), '-p', 'on_cpu'],
      2,
      'XDP_ERR_USAGE',
      /no program on_cpu/,
    ],
    ['no such variable', () => ['port0', counter(), '--set', 'nope=1'], 2, 'XDP_ERR_USAGE', /no such variable/],
    ['a value out of range', () => ['port0', counter(), '--set', 'blocked_port=65536'], 2, 'XDP_ERR_USAGE', /65536/],
    ['no assignment', () => ['port0', counter(), '--set', 'blocked_port'], 2, 'XDP_ERR_USAGE', /NAME=VALUE/],
    ['nothing to dump', () => ['port0', counter(), '--dump', 'nope'], 2, 'XDP_ERR_USAGE', /--dump nope/],
    ['a struct to set', () => ['port0', compile('variables'), '--set', 'point=1'], 2, 'XDP_ERR_USAGE', /struct/],
    [
      'a program that the kernel refuses',
      () => ['port0', compileText('bad', 'SEC("xdp") int bad(struct xdp_md *c) { return *(int *)(long)c->data; }')],
      1,
      'XDP_ERR_VERIFIER',
      /invalid access to packet/,
    ],
  ])('%s', async (_, args, status, code, message) => {
    await expectRefused(args(), status, code, message);
  });
});
