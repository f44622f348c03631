// needs: ip, ping, nsenter, script
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InstalledRules, installRules, listInstalledRules } from '../../dist/policy/index.js';
import { Running, XDPKIT } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { NO_PING, PING, PINS, RulesBed } from './rules-bed.js';

// Commands one after the other: each takes a second on a busy machine, or two.
vi.setConfig({ testTimeout: patient(90_000), hookTimeout: patient(90_000) });

failOnLeaks();

/** Milliseconds: longer than any test, and as short as a busy machine allows. */
const LONG = patient(60_000);
/** The same for the command, in seconds. */
const LONG_OPTION = String(LONG / 1000);
const SHORT = 3000;

let bed: RulesBed;
beforeEach(() => {
  bed = new RulesBed();
});
afterEach(() => bed[Symbol.dispose]());

const install = async (rules = NO_PING, confirmWithin?: number) =>
  await installRules('port0', rules, { netns: bed.box, confirmWithin });

const countOf = (rules: InstalledRules): number | undefined =>
  rules.statistics().find(({ name }) => name === 'no-ping')?.packets;

/** `xdpkit rules replace port0 ping.yaml --confirm TIME`, which waits. */
async function waitingReplace(time: string): Promise<Running> {
  const args = ['rules', 'replace', 'port0', bed.pingFile, '--confirm', time, '--netns', bed.box];
  const replace = new Running([...XDPKIT, ...args]);
  await replace.says(/is rolled back in .*: run xdpkit rules confirm port0 --netns /, patient(40_000));
  return replace;
}

test('a replacement that nobody confirms is ended by the kernel, and whoever comes next tidies up', async () => {
  using rules = await install();
  expect(await bed.ping(2)).toBe(0);
  const before = rules.programId;
  await rules.replace(PING, { confirmWithin: SHORT });
  const end = performance.now() + SHORT;
  expect(rules.trial).toEqual({ kind: 'replace', until: expect.any(Date) });
  expect(await bed.ping(3)).toBe(3);
  expect(performance.now(), 'this machine is too slow for the test').toBeLessThan(end);
  expect(countOf(rules)).toBe(5);
  await sleep(end - performance.now() + 10);
  // Nobody has done anything.
  expect(rules.outcome).toBe('pending');
  expect(bed.pins).toContain('trial_rules');
  expect(await bed.ping(1)).toBe(0);
  expect(rules.trial).toBeUndefined();
  expect(rules.rules).toEqual(NO_PING);
  expect(await rules.endOverdueTrial()).toEqual([
    'nobody confirmed the rules on port0 in time: those before them judge again',
  ]);
  expect(await rules.endOverdueTrial()).toEqual([]);
  expect(rules.outcome).toBe('rolled back');
  expect([rules.programId, bed.attached]).toEqual([before, [before]]);
  expect(bed.pins).toEqual(PINS);
  expect(await bed.ping(1)).toBe(0);
  // Packets before, during and after the trial.
  expect(countOf(rules)).toBe(7);
});

test('it is too late to confirm when the time is over', async () => {
  using rules = await install();
  await rules.replace(PING, { confirmWithin: 1 });
  await sleep(10);
  await expect(rules.confirm()).rejects.toMatchObject({ code: 'XDP_ERR_NOT_CONFIRMED' });
  expect([rules.outcome, bed.pins]).toEqual(['rolled back', PINS]);
  // The next change tidies up by itself.
  await rules.replace(PING, { confirmWithin: 1 });
  await sleep(10);
  expect(await rules.replace(PING)).toEqual([expect.stringContaining('those before them judge again')]);
  expect([await bed.ping(1), bed.pins]).toEqual([1, PINS]);
});

test('rules that are new are over when the time is, and when their holder ends', async () => {
  {
    using rules = await install(NO_PING, SHORT);
    const end = performance.now() + SHORT;
    expect([rules.trial?.kind, rules.outcome, bed.pins]).toEqual(['install', 'pending', []]);
    expect(await bed.ping(1)).toBe(0);
    expect(performance.now(), 'this machine is too slow for the test').toBeLessThan(end);
    await sleep(end - performance.now() + 10);
    expect(await bed.ping(1)).toBe(1);
    // They are still held, and nothing but passes.
    expect(listInstalledRules({ netns: bed.box }).map((one) => one.close())).toHaveLength(1);
    expect(await rules.endOverdueTrial()).toHaveLength(1);
    expect([rules.outcome, bed.attached]).toEqual(['rolled back', []]);
  }
  (await install(NO_PING, LONG)).close();
  expect([bed.attached, bed.pins]).toEqual([[], []]);
});

test('a change that is confirmed lasts, with its counts and limits', async () => {
  using rules = await install(PING, LONG);
  await bed.ping(2);
  await expect(rules.replace(NO_PING)).rejects.toMatchObject({ code: 'XDP_ERR_INSTALLED' });
  const { programId } = rules;
  await rules.confirm();
  expect([rules.outcome, rules.trial, bed.attached, bed.pins]).toEqual(['confirmed', undefined, [programId], PINS]);
  await rules.replace(NO_PING, { confirmWithin: LONG });
  await bed.ping(1);
  // By another than the one who made it.
  using other = InstalledRules.open('port0', { netns: bed.box });
  await other.confirm();
  expect([rules.outcome, other.outcome, bed.pins]).toEqual(['confirmed', undefined, PINS]);
  await rules.rollBack();
  expect(await bed.ping(1)).toBe(0);
  expect(countOf(rules)).toBe(4);
  // An object that goes leaves what it made.
  rules.close();
  expect(bed.attached).toEqual([other.programId]);
});

test('kill -9 of the waiting command: the old rules are back in time', async () => {
  (await install()).close();
  await using replace = await waitingReplace('4');
  replace.kill('SIGKILL');
  await replace.end();
  await expect.poll(() => bed.ping(1), { interval: 200 }).toBe(0);
  const shown = await bed.rules('show', 'port0');
  expect(shown).toMatchObject({ status: 0, stderr: expect.stringContaining('those before them judge again') });
  expect(shown.stdout).toContain('action: drop');
  expect(bed.pins).toEqual(PINS);
});

test('kill -9 of the waiting command: another session confirms in time', async () => {
  (await install()).close();
  await using replace = await waitingReplace(LONG_OPTION);
  replace.kill('SIGKILL');
  await replace.end();
  expect((await bed.rules('show', 'port0')).stdout).toMatch(/rolled back at 20\S+Z unless confirmed\)/);
  expect(await bed.rules('confirm', 'port0')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^confirmed:/),
  });
  expect([await bed.ping(1), bed.pins]).toEqual([1, PINS]);
});

test.each([
  ['SIGTERM', 'SIGTERM'],
  ['SIGHUP', 'SIGHUP'],
  ['nobody in time', undefined],
] as const)('the old rules are back: %s', async (_, signal) => {
  using rules = await install();
  await using replace = await waitingReplace(signal ? LONG_OPTION : '0.5');
  if (signal) replace.kill(signal);
  const { status, stderr } = await replace.end();
  expect(status).toBe(1);
  expect(stderr).toMatch(signal ? /rolled back\n$/ : /XDP_ERR_NOT_CONFIRMED/);
  expect(rules.rules).toEqual(NO_PING);
  expect(bed.pins).toEqual(PINS);
});

test('a change that another session confirms or takes back ends the waiting command', async () => {
  using rules = await install();
  await using first = await waitingReplace(LONG_OPTION);
  await rules.confirm();
  expect(await first.end()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^port0: 1 rule in native mode/),
  });
  await using second = await waitingReplace(LONG_OPTION);
  await rules.unload();
  expect((await second.end()).stderr).toContain('XDP_ERR_NOT_CONFIRMED');
});

/** The command on a terminal, at which somebody presses keys when it waits. @returns the exit code and what was printed */
async function atTerminal(keys: string): Promise<{ status: number; text: string }> {
  const words = ['rules', 'load', 'port0', bed.pingFile, '--confirm', LONG_OPTION, '--netns', bed.box];
  const command = [...XDPKIT, ...words].join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (!text.includes('press Enter') && (text + part).includes('press Enter'))
      setTimeout(() => child.stdin.write(keys), 100);
    text += part;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patient(25_000));
  const [status] = await once(child, 'close');
  clearTimeout(timer);
  return { status, text };
}

test('Enter confirms at a terminal', async () => {
  const { status, text } = await atTerminal('\n');
  expect(status, text).toBe(0);
  expect(text).toMatch(/press Enter, or run xdpkit rules confirm port0 --netns \S+ in another session/);
  expect(bed.pins).toEqual(PINS);
});

test('Ctrl-C at a terminal takes the rules off', async () => {
  const { status, text } = await atTerminal('\x03');
  expect(status, text).toBe(130);
  expect(text).toContain('rolled back');
  expect([bed.attached, bed.pins]).toEqual([[], []]);
});
