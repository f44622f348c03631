// needs: ip, nsenter
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { getLink } from '../../dist/netdev/index.js';
import { describedFrame } from '../../dist/wire/index.js';
import { Running, succeed } from '../e2e/running.js';
import { FarEnd } from '../kernel/far-end.js';
import { patient } from '../patience.js';
import { RulesBed } from './rules-bed.js';

// Commands one after the other: each takes a second on a busy machine, or two.
vi.setConfig({ testTimeout: patient(90_000), hookTimeout: patient(90_000) });

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Other tests compile them, too, at the same time. */
const OUT = `${ROOT}temp/documented-examples`;
/** The first two rule files of docs/rules.md. */
const [dropped = '', steered = ''] = [
  ...readFileSync(`${ROOT}docs/rules.md`, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms),
].map(([, text]) => text!);

beforeAll(async () => {
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  await succeed([process.execPath, tsc, '-p', `${ROOT}tsconfig.examples.json`, '--outDir', OUT], {}, patient(120_000));
}, patient(120_000));

let bed: RulesBed;
let source: FarEnd;
beforeEach(() => {
  bed = new RulesBed();
  source = new FarEnd(getLink('eth0', { netns: bed.host }).index, bed.host);
});
afterEach(() => {
  source.close();
  bed[Symbol.dispose]();
});

const send = (protocol: string, port: number, times: number) => {
  const flags = protocol === 'tcp' ? 'flags syn' : '';
  const { mac } = getLink('port0', { netns: bed.box });
  const frame = describedFrame(`${protocol} 10.9.0.1:5000 > 10.9.0.2:${port} dst-mac ${mac} ${flags} 100 bytes`);
  for (let i = 0; i < times; i++) source.send(frame);
};

async function countOf(name: string): Promise<number> {
  const { stdout } = await bed.rules('stats', 'port0', '--json');
  return JSON.parse(stdout).rules.find((rule: { name: string }) => rule.name === name).packets;
}

test('drop all packets with a UDP header and destination port 42', async () => {
  expect(await bed.rules('load', 'port0', bed.file(dropped))).toMatchObject({ status: 0, stderr: '' });
  await using listener = new Running([process.execPath, '-e', LISTENER, '42', '43'], { netns: bed.box });
  await listener.says(/listening/);
  send('udp', 42, 10);
  send('tcp', 42, 3);
  send('udp', 43, 1);
  await listener.says(/got 43/);
  expect(listener.stdout).not.toContain('got 42');
  expect(await countOf('forty-two')).toBe(10);
});

/** Tells of each datagram that comes to one of its ports. */
const LISTENER = `
const { createSocket } = require('node:dgram');
const ports = process.argv.slice(1).map(Number);
let open = 0;
for (const port of ports) {
  const socket = createSocket('udp4').on('message', () => console.log('got', port));
  socket.bind(port, () => ++open === ports.length && console.log('listening'));
}`;

test('redirect all packets with destination port 4433 to the AF_XDP socket of the queue', async () => {
  expect(await bed.rules('load', 'port0', bed.file(steered))).toMatchObject({ status: 0, stderr: '' });
  await using application = new Running([process.execPath, `${OUT}/steered-packets.js`, 'port0'], {
    netns: bed.box,
  });
  await application.says(/1 sockets wait for packets of port0/);
  send('udp', 4433, 10);
  send('tcp', 4433, 5);
  send('udp', 4434, 5);
  const lines = (pattern: RegExp) => application.stdout.split('\n').filter((line) => pattern.test(line)).length;
  await expect.poll(() => lines(/^UDP 10\.9\.0\.1:5000 > 10\.9\.0\.2:4433, 100 bytes/)).toBe(10);
  await expect.poll(() => lines(/^TCP 10\.9\.0\.1:5000 > 10\.9\.0\.2:4433/)).toBe(5);
  expect(lines(/:4434/)).toBe(0);
  application.kill('SIGTERM');
  expect(await application.end()).toMatchObject({ status: 0, stderr: '' });
  // The rules stay; without a socket packets pass.
  send('udp', 4433, 2);
  await expect.poll(() => countOf('steer')).toBe(17);
});
