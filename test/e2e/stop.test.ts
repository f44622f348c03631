import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MOMENTS } from './amounts.js';
import { jsonLines, summaryOf } from './json-lines.js';
import { Running, run, XDPKIT } from './running.js';
import { expectWhole, journalsOf, PORTS, RunningBridge, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { pingOn } from './traffic.js';

let bed: TestBed;
let before: object;
beforeEach(() => {
  bed = new TestBed([1, 1]);
  before = bed.state();
});
afterEach(() => bed.close());

function expectNothingLeft(pid: number): void {
  expect(bed.state()).toEqual(before);
  expect(journalsOf(pid)).toEqual([]);
}

const signals = [
  { signal: 'SIGINT', status: 130 },
  { signal: 'SIGTERM', status: 0 },
  { signal: 'SIGHUP', status: 0 },
] as const;

describe.each(signals)('$signal ends it with $status', ({ signal, status }) => {
  test('in order, idle', async () => {
    await using bridge = await bed.bridge();
    bridge.kill(signal);
    const { stdout, stderr, ...ending } = await bridge.end(10_000);
    expect({ ...ending, stderr }).toEqual({ status, stderr: '' });
    expectWhole(summaryOf(stdout));
    expectNothingLeft(bridge.pid);
  });

  test('in order, under load from both sides', async (context) => {
    needTools(context, 'ping');
    await using bridge = await bed.bridge();
    const flood = (from: string, to: string) =>
      new Running(['ping', '-q', '-f', '-l', '64', '-s', '1000', to], { netns: from });
    await using _there = flood(bed.hosts[0], bed.addresses[1].v4);
    await using _back = flood(bed.hosts[1], bed.addresses[0].v4);
    await sleep(500);
    bridge.kill(signal);
    const { stdout, ...ending } = await bridge.end(10_000);
    expect(ending).toEqual({ status, stderr: '' });
    const summary = summaryOf(stdout);
    expectWhole(summary);
    expect(summary.last.ports[0]!.total.rxPackets).toBeGreaterThan(0);
    expectNothingLeft(bridge.pid);
  });

  test.each(signal === 'SIGHUP' ? [] : MOMENTS)(
    '%i ms after it was started: nothing is left behind',
    async (moment) => {
      await using bridge = new RunningBridge(PORTS, { netns: bed.netns });
      await sleep(moment);
      bridge.kill(signal);
      const { status: got, stdout, stderr } = await bridge.end(20_000);
      // Before the command has taken the signal over it ends by the signal itself, with nothing to give back; and while it
      // opens without an account of packets, since there were none.
      const early = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal];
      expect([status, early]).toContain(got);
      expect(stderr).toBe('');
      if (stdout !== '') expectWhole(summaryOf(stdout));
      expectNothingLeft(bridge.pid);
    },
  );
});

test.each([0, 1, 20, 100])('two SIGINTs, %i ms apart: ended once, in order', async (apart) => {
  await using bridge = await bed.bridge();
  bridge.kill('SIGINT');
  await sleep(apart);
  bridge.kill('SIGINT');
  const { status, stdout, stderr } = await bridge.end(10_000);
  expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
  expectWhole(summaryOf(stdout));
  expectNothingLeft(bridge.pid);
});

test('--duration ends it with 0, after that time', async () => {
  const start = performance.now();
  await using bridge = await bed.bridge('--duration', '700ms', '--interval', '100ms');
  const { status, stdout, stderr } = await bridge.end(20_000);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(performance.now() - start).toBeGreaterThan(700);
  const summary = summaryOf(stdout);
  expect(summary.seconds).toBeGreaterThanOrEqual(0.69);
  expect(jsonLines(stdout).length).toBeGreaterThan(2);
  expectNothingLeft(bridge.pid);
});

describe('whoever reads its output goes away', () => {
  test.each([['--json'], []])('head -1 %s', async (...options: string[]) => {
    const bridge = [...XDPKIT, 'bridge', ...PORTS, '--interval', '100ms', ...options].join(' ');
    const script = `${bridge} | head -1 >&2; exit \${PIPESTATUS[0]}`;
    const { status, stderr } = await run(['bash', '-c', script], { netns: bed.netns }, 8_000);
    expect(status).toBe(0);
    // The one line that head let through.
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('port')),
    ).toHaveLength(1);
    expect(bed.state()).toEqual(before);
  });

  test('under load, and the end is as clean', async (context) => {
    needTools(context, 'ping');
    await using bridge = await bed.bridge('--interval', '50ms');
    await using _load = pingOn(bed.hosts[0], bed.addresses[1].v4);
    await sleep(300);
    bridge.child.stdout?.destroy();
    const { status, stderr } = await bridge.end(20_000);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expectNothingLeft(bridge.pid);
  });

  test('an output that was never open', async () => {
    const script = `exec ${[...XDPKIT, 'bridge', ...PORTS, '--duration', '300ms', '--interval', '50ms'].join(' ')} >&-`;
    const { status } = await run(['bash', '-c', script], { netns: bed.netns }, 8_000);
    expect(status).toBe(0);
    expect(bed.state()).toEqual(before);
  });
});
