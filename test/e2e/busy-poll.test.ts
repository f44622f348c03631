import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listQueues } from '../../dist/netdev/index.js';
import { kernelIs } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { samplesOf } from './json-lines.js';
import { succeed } from './running.js';
import { PORTS, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { copyOverTcp, iperfUdp, pingAll } from './traffic.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed([2, 2]);
});
afterEach(() => bed.close());

/** Packets that calls of sockets had the drivers take in, in a namespace: BusyPollRxPackets. */
async function taken(netns: string): Promise<number> {
  const [names = [], values = []] = (await succeed(['cat', '/proc/net/netstat'], { netns }))
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('BusyPollRxPackets')]);
}

/** Whether there is something to poll: on a veth, as far as it is known (Linux 6.8), not since Linux 6.14. */
function polls(flags: string): boolean {
  if (flags.includes('generic') && !kernelIs(6, 14)) return false;
  if (!kernelIs(6, 8)) return true;
  return listQueues('port0', { netns: bed.netns }).some(({ napiId }) => napiId !== undefined);
}

describe.each([['--busy-poll'], ['--busy-poll 8 --wait spin'], ['--busy-poll --mode generic']])('%s', (flags) => {
  test('the hosts talk, the sockets are polled, and it ends in order', {
    timeout: patient(20_000),
  }, async (context) => {
    needTools(context, 'ping', 'iperf3');
    const before = bed.state();
    await using bridge = await bed.bridge('--interval', '100ms', ...flags.split(' '));
    const to = { netns: bed.hosts[1], address: bed.addresses[1].v4 };
    await pingAll(bed.hosts[0], to.address, 50);
    const { packets, lost } = await iperfUdp(bed.hosts[0], to, '-b', '50M', '-t', '1');
    expect({ some: packets > 100, lost }).toEqual({ some: true, lost: 0 });
    const { sent, received } = await copyOverTcp(bed.hosts[0], to, 8 << 20);
    expect(received).toBe(sent);
    if (polls(flags)) expect(await taken(bed.netns)).toBeGreaterThan(0);
    else expect(bridge.stdout.split('\n')[0]).toMatch(/port0: [^"]*busy polling has no effect/);
    expect(samplesOf(bridge.stdout)[0]!.ports).toMatchObject([{ busyPoll: true }, { busyPoll: true }]);
    await bridge.stop();
    expect(bed.state()).toEqual(before);
  });
});

test('the table says so', async () => {
  const { status, stdout, stderr } = await bed.refused(
    ...PORTS,
    '--busy-poll',
    '--duration',
    '500ms',
    '--interval',
    '150ms',
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/port0 +up +native, copy, busy polling /);
  if (!polls('')) expect(stdout + stderr).toMatch(/port0: .*busy polling has no effect/);
});

test('without it nobody polls', async (context) => {
  needTools(context, 'ping');
  await using bridge = await bed.bridge();
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 50);
  expect(await taken(bed.netns)).toBe(0);
  await bridge.stop();
});
