import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Capture } from './capture.js';
import { Running, run, succeed } from './running.js';
import { TestBed } from './test-bed.js';
import { needTools, PYTHON } from './tools.js';
import { pingAll } from './traffic.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let bed: TestBed;
let before: object;

beforeAll(async () => {
  await succeed(
    [process.execPath, `${ROOT}node_modules/typescript/bin/tsc`, '-p', `${ROOT}tsconfig.examples.json`],
    {},
    60_000,
  );
}, 60_000);
beforeEach((context) => {
  needTools(context, 'ping', 'ip');
  bed = new TestBed([1, 1]);
  before = bed.state();
});
afterEach(() => bed?.close());

const example = (name: string, ...args: readonly string[]) =>
  new Running([process.execPath, `${ROOT}temp/examples/${name}.js`, ...args], { netns: bed.netns });

test('print-packets prints a line about each ping; Ctrl-C gives the interface back', async () => {
  await bed.introduce();
  await using printer = example('print-packets', 'port0');
  await printer.says(/listening on port0, native mode/);
  expect(bed.programs()).toHaveLength(1);
  await run(['ping', '-c', '3', '-i', '0.05', '-W', '1', bed.addresses[1].v4], { netns: bed.hosts[0] });
  await run(['ping', '-c', '3', '-i', '0.05', '-W', '1', bed.addresses[1].v6], { netns: bed.hosts[0] });
  // Hosts say other things as well when a link is new.
  const pings = (pattern: RegExp) => printer.stdout.split('\n').filter((line) => pattern.test(line)).length;
  await expect.poll(() => pings(/ICMP 10\.8\.0\.1 > 10\.8\.0\.2, 98 bytes/)).toBe(3);
  await expect.poll(() => pings(/ICMPv6 \[2001:db8:8::1\] > \[2001:db8:8::2\], 118 bytes/)).toBe(3);
  printer.kill('SIGINT');
  expect(await printer.end(10_000)).toMatchObject({ status: 130, stderr: '' });
  expect(bed.programs()).toEqual([]);
});

test('print-packets ends after as many as asked for, and gives the interface back', async () => {
  await bed.introduce();
  await using printer = example('print-packets', 'port0', '2');
  await printer.says(/listening/);
  await run(['ping', '-c', '3', '-i', '0.05', '-W', '1', bed.addresses[1].v4], { netns: bed.hosts[0] });
  const { status, stdout, stderr } = await printer.end(20_000);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toHaveLength(3);
  expect(bed.state()).toEqual(before);
});

test('udp-echo answers a UDP client, byte for byte', async () => {
  await bed.introduce();
  await using echo = example('udp-echo', 'port0', '7');
  await echo.says(/echoing UDP port 7 on port0/);
  const client = `
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(('${bed.addresses[1].v4}', 7))
for size in [1, 18, 100, 1000, 1472] * 20:
    sent = os.urandom(size)
    s.send(sent)
    assert s.recv(2048) == sent, size
print('all the same')
`;
  expect(await succeed([PYTHON, '-c', client], { netns: bed.hosts[0] })).toBe('all the same\n');
  echo.kill('SIGTERM');
  const { status, stderr } = await echo.end(20_000);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(bed.state()).toEqual(before);
});

test('bridge-with-callback counts the TTL down, and drops what has come to its end', async (context) => {
  needTools(context, 'tcpdump');
  await using bridge = example('bridge-with-callback', 'port0', 'port1');
  await bridge.says(/bridging port0 and port1/);
  await using capture = await Capture.start(bed.hosts[1], 'eth0', 'icmp');
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 5, { options: ['-t', '64'] });
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 5, { options: ['-t', '2'] });
  const frames = await capture.frames(10);
  expect(frames.map((frame) => frame[22])).toEqual([63, 63, 63, 63, 63, 1, 1, 1, 1, 1]);
  const lost = await run(['ping', '-c', '3', '-i', '0.05', '-W', '1', '-t', '1', bed.addresses[1].v4], {
    netns: bed.hosts[0],
  });
  expect(lost.stdout).toMatch(/3 packets transmitted, 0 received/);
  await pingAll(bed.hosts[0], bed.addresses[1].v6, 5);
  bridge.kill('SIGTERM');
  const { status, stdout, stderr } = await bridge.end(20_000);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/port0: \d+ packets in, 3 dropped\nport1: \d+ packets in, 0 dropped/);
  expect(bed.programs()).toEqual([]);
});
