// needs: ip, ping, nsenter
import { existsSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PORTS } from '../e2e/test-bed.js';
import { pingAll } from '../e2e/traffic.js';
import { DaemonBed } from './daemon-bed.js';

// Commands one after the other: each takes a second on a busy machine, or two.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let daemons: DaemonBed;
let before: object;
beforeEach(() => {
  daemons = new DaemonBed();
  before = daemons.bed.state();
});
afterEach(() => daemons[Symbol.asyncDispose]());

const start = (...options: readonly string[]) => daemons.xdpkit('bridge', ...PORTS, '--daemon', ...options);
/** One that has ended may wait for init to take note. */
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

test('it returns when packets pass, is listed, and is stopped', async () => {
  const { bed } = daemons;
  const { status, stdout, stderr } = await start('--name', 'edge');
  // What has to be said while it starts is said here.
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^(port\d: switched off .*\n)*$/) });
  const pid = Number(/^edge runs as process (\d+), and logs to \S+\/edge\.log\n$/.exec(stdout)?.[1]);
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  expect(daemons.read('edge.pid').split('\n')[0]).toBe(String(pid));
  expect(daemons.files()).toEqual([`${pid}-edge.json`, `${pid}-edge.sock`, 'edge.log', 'edge.pid']);
  // It has no terminal, is in a session of its own, and keeps no file system busy.
  expect(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ').slice(2, 5)).toEqual([
    String(pid),
    String(pid),
    '0',
  ]);
  expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toContain('XDPKIT_RUN');

  const [listed, ...others] = await daemons.listed();
  expect(others).toEqual([]);
  expect(listed).toMatchObject({ name: 'edge', pid, command: 'bridge', interfaces: PORTS, background: true });
  expect(listed).toMatchObject({ log: daemons.path('edge.log'), pidFile: daemons.path('edge.pid') });
  expect(listed!.console).toBe(daemons.path(`console/${pid}-edge.sock`));
  expect(Date.now() - listed!.since).toBeLessThan(60_000);
  expect(listed!.packets!.rx).toBeGreaterThanOrEqual(40);
  const table = (await daemons.xdpkit('status')).stdout.trimEnd().split('\n');
  expect(table[0]).toMatch(/^NAME +PID +COMMAND +INTERFACES +SINCE +PACKETS IN +OUT +CONSOLE$/);
  expect(table[1]).toMatch(new RegExp(`^edge +${pid} +bridge --daemon +port0 port1 +20\\d\\d-.*sock$`));
  expect(await daemons.xdpkit('status', 'other')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('XDP_ERR_NOT_RUNNING'),
  });

  expect(await daemons.xdpkit('stop', 'edge')).toEqual({
    status: 0,
    stdout: `edge (process ${pid}) has ended\n`,
    stderr: '',
  });
  expect(isAlive(pid)).toBe(false);
  expect(bed.state()).toEqual(before);
  expect(daemons.files()).toEqual(['edge.log']);
  const log = daemons.read('edge.log').trimEnd().split('\n');
  for (const line of log) expect(line).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z (info {3}|warning) edge\[\d+\]: /);
  expect(log.some((line) => line.endsWith('bridge port0 port1 runs, 1 worker'))).toBe(true);
  expect(log.at(-2)).toMatch(/ends: SIGTERM$/);
  expect(log.at(-1)).toMatch(/port0: \d+ packets in, .* all .* frames accounted for$/);
  expect(await daemons.xdpkit('status')).toMatchObject({ status: 0, stdout: 'nothing runs\n' });
  expect(await daemons.xdpkit('stop')).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing runs') });
});

test('what keeps it from running is told as in the foreground, and nothing is left behind', async () => {
  expect(await daemons.xdpkit('bridge', 'absent0', 'port1', '--daemon')).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: .*absent0.*\[XDP_ERR_\w+\]\n/),
  });
  expect(daemons.read('absent0-port1.log')).toMatch(/ error {3}absent0-port1\[\d+\]: .*absent0/);
  const broken = await start('--json', '--callback', '/absent.mjs');
  expect(broken.status).toBe(1);
  expect(JSON.parse(broken.stdout)).toMatchObject({ type: 'error', code: 'XDP_ERR_WORKER' });
  expect(await start('--log', '/absent/log')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('/absent/log'),
  });
  expect(daemons.runs()).toEqual([]);
  expect(daemons.files()).toEqual(['absent0-port1.log', 'port0-port1.log']);
  expect(daemons.bed.state()).toEqual(before);
});

describe('a name is there once', () => {
  test('of two that start at the same time one runs, and a third is refused', async () => {
    const both = await Promise.all([start('--name', 'one'), start('--name', 'one')]);
    expect(both.map(({ status }) => status).sort()).toEqual([0, 5]);
    const foreground = await daemons.xdpkit('bridge', ...PORTS, '--name', 'one');
    expect(foreground).toMatchObject({ status: 5, stdout: '' });
    const [{ pid } = { pid: 0 }] = daemons.runs();
    expect(foreground.stderr).toContain(`one.pid belongs to the running process ${pid} [XDP_ERR_RUNNING]`);
    expect(await daemons.xdpkit('stop', String(pid), '--json')).toMatchObject({ status: 0 });
  });

  test('what a killed process left behind is in nobody’s way', async () => {
    const pidFile = daemons.path('own.pid');
    await start('--pid-file', pidFile);
    const [{ pid } = { pid: 0 }] = daemons.runs();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(daemons.runs()).toEqual([]);
    expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+\n\d+\n$/);
    expect(await start('--pid-file', pidFile)).toMatchObject({ status: 0 });
    expect(await daemons.xdpkit('stop')).toMatchObject({ status: 0 });
  });

  test('a number that another process has by now is not the one that wrote it', async () => {
    const pidFile = daemons.path('own.pid');
    // This process did not start at the first tick after boot.
    writeFileSync(pidFile, `${process.pid}\n1\n`);
    expect(await start('--pid-file', pidFile)).toMatchObject({ status: 0 });
    expect(await daemons.xdpkit('stop')).toMatchObject({ status: 0 });
    expect(existsSync(pidFile)).toBe(false);
    // But a PID file of another program that runs is not ours to write.
    writeFileSync(pidFile, `${process.pid}\n`);
    expect(await start('--pid-file', pidFile)).toMatchObject({
      status: 5,
      stderr: expect.stringContaining(`belongs to the running process ${process.pid}`),
    });
    expect(readFileSync(pidFile, 'utf8')).toBe(`${process.pid}\n`);
  });
});

test('--json tells of it as data', async () => {
  const { stdout, status } = await start('--json');
  const [{ pid } = { pid: 0 }] = daemons.runs();
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    type: 'daemon',
    name: 'port0-port1',
    pid,
    log: daemons.path('port0-port1.log'),
  });
  expect(JSON.parse((await daemons.xdpkit('stop', '--json')).stdout)).toMatchObject({ type: 'stopped', pid });
  // The log is one for people all the same.
  expect(daemons.read('port0-port1.log')).not.toContain('{');
});

test('SIGHUP opens the log anew, and ends nothing', async () => {
  const log = daemons.path('a.log');
  await start('--log', log, '--name', 'a');
  const [{ pid } = { pid: 0 }] = daemons.runs();
  expect(statSync(log).mode & 0o777).toBe(0o640);
  renameSync(log, `${log}.1`);
  process.kill(pid, 'SIGHUP');
  await expect.poll(() => existsSync(log)).toBe(true);
  await expect.poll(() => [1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual([log, log]);
  process.kill(pid, 'SIGUSR2');
  await expect
    .poll(() => readFileSync(log, 'utf8'))
    .toMatch(/ error {3}a\[\d+\]: there is no callback to load again\n/);
  await daemons.xdpkit('stop');
  expect(readFileSync(log, 'utf8')).toContain('ends: SIGTERM');
  expect(readFileSync(`${log}.1`, 'utf8')).not.toContain('ends');
});

test('one that does not end in time is told, and left alone', async () => {
  await start();
  const [{ pid, name } = { pid: 0, name: '' }] = daemons.runs();
  expect(name).toBe('port0-port1');
  process.kill(pid, 'SIGSTOP');
  expect(await daemons.xdpkit('stop', '--timeout', '300ms')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining(`did not end within 0.3 s [XDP_ERR_RUNNING]`),
  });
  // One that is stopped says nothing of itself, and is listed all the same.
  expect(await daemons.listed()).toMatchObject([{ pid, packets: null }]);
  process.kill(pid, 'SIGCONT');
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  expect(daemons.bed.state()).toEqual(before);
});

test.each([150, 400, 700])('Ctrl-C %i ms after it was started: it runs, or nothing is left behind', async (moment) => {
  await using starting = daemons.start('bridge', ...PORTS, '--daemon');
  await sleep(moment);
  starting.kill('SIGINT');
  const { status, stderr } = await starting.end();
  expect([0, 130]).toContain(status);
  expect(stderr).toBe('');
  await expect.poll(() => daemons.runs().length).toBe(status === 0 ? 1 : 0);
  if (status === 0) await daemons.xdpkit('stop');
  expect(daemons.bed.state()).toEqual(before);
});

test('runs in the foreground are listed and stopped as well', async () => {
  await using left = daemons.start('mirror', 'port0', '--no-console', '--no-tap');
  await expect.poll(() => daemons.runs().length, { timeout: 20_000 }).toBe(1);
  await using right = daemons.start('mirror', 'port1', '--name', 'right');
  await expect.poll(() => daemons.runs().length, { timeout: 20_000 }).toBe(2);
  expect(await daemons.listed()).toMatchObject([
    { name: 'port0', pid: left.pid, command: 'mirror', background: false, console: null, packets: null, log: null },
    { name: 'right', pid: right.pid, interfaces: ['port1'], packets: { tx: 0 } },
  ]);
  const none = await daemons.xdpkit('stop');
  expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('several run') });
  expect(none.stderr).toContain(`name one, or its number: port0 (${left.pid}), right (${right.pid})`);
  expect(await daemons.xdpkit('stop', '--all')).toMatchObject({ status: 0 });
  expect([(await left.end()).status, (await right.end()).status]).toEqual([0, 0]);
});
