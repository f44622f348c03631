import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { listNamespaces } from '../../dist/netdev/index.js';
import { MOMENTS } from './amounts.js';
import { jsonLines } from './json-lines.js';
import { Running, type RunOptions, XDPKIT } from './running.js';
import { journalsOf } from './test-bed.js';

const demo = (args: readonly string[] = [], options: RunOptions = {}) =>
  new Running([...XDPKIT, 'demo', '--size', '16', ...args], options);

/** Namespaces that a process has made: their names carry its number. */
const namespacesOf = (pid: number) => listNamespaces().filter((name) => name.startsWith(`xdpkit-${pid}-`));

function expectNothingLeft(pid: number): void {
  expect(namespacesOf(pid)).toEqual([]);
  expect(journalsOf(pid)).toEqual([]);
}

/** Threads that are ended while they start. */
const THREADS = 100;
const PASSED = 'Every byte arrived, every frame is accounted for, and nothing was left behind.';
const STEPS = ['ICMP', 'UDP', 'TCP', 'frames'];

test.each([[[]], [['--queues', '4']]])('xdpkit demo %j passes, and leaves nothing behind', async (args) => {
  await using running = demo(args);
  const { status, stdout, stderr } = await running.end();
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
  for (const step of STEPS) expect(stdout).toMatch(new RegExp(`^ok   ${step}`, 'm'));
  expect(stdout).toContain(PASSED);
  expectNothingLeft(running.pid);
});

test('--json: a line for each check, and a summary', async () => {
  await using running = demo(['--json']);
  const { status, stdout, stderr } = await running.end();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = jsonLines(stdout);
  expect(lines.slice(0, -1)).toMatchObject(STEPS.map((step) => ({ type: 'check', step, ok: true })));
  expect(lines.at(-1)).toMatchObject({ type: 'summary', ok: true, checks: STEPS.map((step) => ({ step, ok: true })) });
  expectNothingLeft(running.pid);
});

test('needs no program besides Node', async () => {
  await using running = demo([], { env: { PATH: '/nonexistent' } });
  const { status, stderr } = await running.end();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expectNothingLeft(running.pid);
});

describe('interrupted', () => {
  test.each([...MOMENTS, 700, 1_000, 2_000])('after %i ms: nothing is left', async (moment) => {
    // Larger than can be copied meanwhile.
    await using running = demo(['--size', '4096']);
    await sleep(moment);
    running.kill('SIGINT');
    const { status, stdout, stderr } = await running.end(20_000);
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).not.toContain(PASSED);
    expectNothingLeft(running.pid);
  });

  test('while a thread of it starts: the process ends in order, and is not aborted', async () => {
    // What Ctrl-C does to a demonstration at its weakest moment, again and again.
    const fixture = fileURLToPath(new URL('./aborted-threads.mjs', import.meta.url));
    await using running = new Running([process.execPath, fixture, `${THREADS}`]);
    const { status, stdout, stderr } = await running.end();
    expect({ status, stdout }, stderr.slice(0, 1000)).toEqual({ status: 0, stdout: 'lived\n' });
  });

  test('by SIGTERM: exit code 0', async () => {
    await using running = demo(['--size', '4096']);
    await running.says(/ok {3}ICMP/);
    running.kill('SIGTERM');
    const { status, stderr } = await running.end(20_000);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expectNothingLeft(running.pid);
  });

  test('by SIGKILL: what it left is removed by the next one', async () => {
    await using killed = demo(['--size', '4096']);
    await killed.says(/ok {3}ICMP/);
    killed.kill('SIGKILL');
    await killed.end();
    expect(namespacesOf(killed.pid)).not.toEqual([]);
    await using next = demo();
    expect((await next.end()).status).toBe(0);
    expectNothingLeft(killed.pid);
    expectNothingLeft(next.pid);
  });

  test('by a reader that goes away: ends in order', async () => {
    await using running = demo(['--size', '4096']);
    await running.says(/ok {3}ICMP/);
    running.child.stdout?.destroy();
    const { status, stderr } = await running.end(10_000);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expectNothingLeft(running.pid);
  });
});
