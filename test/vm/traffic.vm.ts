import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COPY_BYTES } from '../e2e/amounts.js';
import { samplesOf, summaryOf } from '../e2e/json-lines.js';
import { run } from '../e2e/running.js';
import { expectWhole } from '../e2e/test-bed.js';
import { copyOverTcp, iperfTcp, iperfUdp, pingAll } from '../e2e/traffic.js';
import { Guest, type GuestProcess } from './guest.js';
import { TAP_QUEUES } from './nic.js';
import type { TrafficBed, TrafficFigures } from './traffic-bed.js';

const {
  folder,
  nic,
  hosts,
  mode,
  zeroCopy,
  multiBuffer,
  polled,
  mtu,
  bridge: options,
} = JSON.parse(process.env['XDPKIT_VM_BED']!) as TrafficBed;
const guest = new Guest(folder);
const NICS = ['eth0', 'eth1'] as const;
const [left, right] = hosts;
const PINGS = 250;
/** Half of what the slowest of them forwards under emulation, so that none need be lost. */
const UDP_RATE = 10e6;
const UDP_SECONDS = 3;
/** The copy goes at some megabytes a second. */
const COPY_MILLISECONDS = 300_000;
/** Seconds that a bridge may take to start: a few, unless others use the machine as well. */
const START = 240;
/** Software emulation beside other work may take seconds for an answer. */
const PATIENT = ['-W', '10'];

const command = (interfaces: readonly string[], ...args: readonly string[]) => [
  ...[process.execPath, 'dist/cli/main.js', 'bridge'],
  ...[...interfaces, ...options, ...args],
];
const bridge = (interfaces: readonly string[], ...args: readonly string[]) =>
  guest.run(command(interfaces, ...args), { seconds: START, log: 'bridge' });

async function inGuest(...each: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await guest.run(each, { seconds: 120, log: 'setup' });
  expect({ command: each.join(' '), status, stderr }).toEqual({ command: each.join(' '), status: 0, stderr: '' });
  return stdout;
}

/** Everything that a bridge changes. */
async function state(): Promise<string> {
  const each = NICS.map(
    (name) => `ethtool -k ${name}; ip -d link show dev ${name} | grep -o 'promiscuity [0-9]*\\|xdp.*'`,
  );
  return await inGuest('sh', '-c', `${each.join('; ')}; true`);
}

/** BusyPollRxPackets of the guest. */
async function takenByCalls(): Promise<number> {
  const text = await inGuest('cat', '/proc/net/netstat');
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('BusyPollRxPackets')]);
}

/** Some drivers reset their NIC when a program is attached, and it takes seconds until it has a carrier. */
async function untilAnswered(): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const ways = [run(['ping', '-c', '1', '-W', '2', right.v4], { netns: left.netns })];
    ways.push(run(['ping', '-c', '1', '-W', '2', left.v6], { netns: right.netns }));
    const answers = await Promise.all(ways);
    if (answers.every(({ status }) => status === 0)) return;
    if (performance.now() > end)
      throw new Error(`no answer in 60 s: ${answers.map(({ stdout }) => stdout).join('\n')}`);
  }
}

describe(`a bridge of two ${nic} NICs, ${mode}, ${zeroCopy ? 'zero-copy' : 'copy'}, MTU ${mtu}`, () => {
  const figures: TrafficFigures = {};
  let before: string;
  let running: GuestProcess;

  beforeAll(async () => {
    for (const name of NICS) {
      // virtio-net would take queues that are left over for what XDP sends, and spread what it receives over them, too.
      if (nic === 'virtio') await inGuest('ethtool', '-L', name, 'combined', `${TAP_QUEUES}`);
      await inGuest('ip', 'link', 'set', name, 'mtu', `${mtu}`, 'up');
    }
    before = await state();
    running = guest.start(command(NICS, '--json'), { seconds: 1800, log: 'bridge' });
    await running.says(/"type":"start".*\n/, START);
    await untilAnswered();
  });
  afterAll(async () => {
    writeFileSync(`${folder}/figures.json`, JSON.stringify(figures));
    if (running?.isOver === false) {
      running.kill('SIGKILL');
      await running.end();
    }
  });

  test('samples say how it got on', async () => {
    await running.says(/"type":"sample".*\n/, START);
    const ports = samplesOf(running.stdout).at(-1)!.ports;
    figures.mode = ports[0]!.mode;
    figures.zeroCopy = ports.every((port) => port.zeroCopy);
    figures.queues = ports[0]!.queues.length;
    expect(ports).toMatchObject(NICS.map((name) => ({ interface: name, mode, zeroCopy, multiBuffer })));
  });

  test.for(['v4', 'v6'] as const)(`${PINGS} pings by IP%s, none lost`, async (family) => {
    await pingAll(left.netns, right[family], PINGS, { interval: 0.02, options: PATIENT });
    await pingAll(right.netns, left[family], 20, { options: PATIENT });
  });

  test('the largest packets, both families and both ways', async () => {
    const largest = (header: number) => ({ options: [...PATIENT, '-s', `${mtu - header - 8}`, '-M', 'do'] });
    await pingAll(left.netns, right.v4, 10, largest(20));
    await pingAll(left.netns, right.v6, 10, largest(40));
    await pingAll(right.netns, left.v4, 10, largest(20));
    await pingAll(right.netns, left.v6, 10, largest(40));
  });

  test('iperf3 over TCP', async () => {
    figures.tcp = await iperfTcp(left.netns, { netns: right.netns, address: right.v4 }, '-t', '3');
    expect(figures.tcp).toBeGreaterThan(5e6);
  });

  test(`iperf3 over UDP at ${UDP_RATE / 1e6} Mbit/s, no datagram lost`, async () => {
    figures.udp = await iperfUdp(
      right.netns,
      { netns: left.netns, address: left.v6 },
      '-b',
      `${UDP_RATE}`,
      '-t',
      `${UDP_SECONDS}`,
    );
    expect(figures.udp.packets).toBeGreaterThan((0.9 * UDP_RATE * UDP_SECONDS) / (8 * mtu));
    expect(figures.udp.lost).toBe(0);
  });

  test(`a copy of ${COPY_BYTES >> 20} MiB over TCP has the same SHA-256 at both ends`, {
    timeout: COPY_MILLISECONDS,
  }, async () => {
    const begin = performance.now();
    const { sent, received } = await copyOverTcp(left.netns, { netns: right.netns, address: right.v6 }, COPY_BYTES);
    figures.copy = { bytes: COPY_BYTES, seconds: (performance.now() - begin) / 1000 };
    expect(sent).toMatch(new RegExp(`^${COPY_BYTES} [0-9a-f]{64}$`));
    expect(received).toBe(sent);
  });

  test('every frame is accounted for, and the NICs are given back', async () => {
    running.kill('SIGTERM');
    const { status, stdout, stderr } = await running.end();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const summary = summaryOf(stdout);
    figures.forwarded = summary.last.ports.reduce((sum, { total }) => sum + total.txPackets, 0);
    expectWhole(summary);
    expect(await state()).toBe(before);
  });

  test('the table says how it got on', async () => {
    const wanted = zeroCopy ? 'on' : 'auto';
    const { status, stdout } = await bridge(NICS, '--zero-copy', wanted, '--duration', '3');
    expect(status).toBe(0);
    const manner = [mode, zeroCopy ? 'zero-copy' : 'copy', ...(multiBuffer ? ['multi-buffer'] : [])].join(', ');
    for (const name of NICS) {
      expect(stdout).toMatch(new RegExp(`^${name} +up +${manner} `, 'm'));
    }
  });

  test('with busy polling the calls of sockets have the driver take packets in, where it lets them', async () => {
    const before = await takenByCalls();
    const polling = guest.start(command(NICS, '--json', '--busy-poll'), { seconds: 900, log: 'bridge' });
    const [started] = await polling.says(/"type":"start".*\n/, START);
    await untilAnswered();
    await pingAll(left.netns, right.v4, PINGS, { interval: 0.02, options: PATIENT });
    const taken = (await takenByCalls()) - before;
    polling.kill('SIGTERM');
    const { status, stdout, stderr } = await polling.end();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expectWhole(summaryOf(stdout));
    expect(taken > 0).toBe(polled);
    if (mode === 'generic' && !polled) expect(started).toContain('nothing to poll in generic mode');
  });

  test('--zero-copy on is refused as unsupported', async (context) => {
    context.skip(zeroCopy, 'this driver has zero-copy');
    const { status, stderr } = await bridge(NICS, '--zero-copy', 'on', '--duration', '1');
    expect(stderr).toContain('XDP_ERR_ZEROCOPY_UNSUPPORTED');
    expect(status).toBe(4);
  });

  test('beside an interface without zero-copy both are in copy mode', async (context) => {
    context.skip(!zeroCopy, 'this driver has no zero-copy');
    await inGuest('ip', 'link', 'add', 'beside', 'mtu', `${mtu}`, 'type', 'veth', 'peer', 'far');
    await inGuest('ip', 'link', 'set', 'far', 'up');
    await inGuest('ip', 'link', 'set', 'beside', 'up');
    const both = ['eth0', 'beside'];
    const { status, stdout, stderr } = await bridge(both, '--duration', '3', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(summaryOf(stdout).last.ports.map((port) => port.zeroCopy)).toEqual([false, false]);
    const refused = await bridge(both, '--zero-copy', 'on');
    expect(refused.stderr).toContain('XDP_ERR_ZEROCOPY_UNSUPPORTED');
    expect(refused.status).toBe(4);
  });
});
