// needs: ip, nsenter, unshare, systemd-analyze
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { PinDirectory } from '../../dist/kernel/index.js';
import { getLink } from '../../dist/netdev/index.js';
import { readRules } from '../../dist/rules/index.js';
import { type Ending, run, XDPKIT } from '../e2e/running.js';
import { patient } from '../patience.js';
import { NO_PING, PING, RulesBed } from './rules-bed.js';

// Commands one after the other: each takes a second on a busy machine, or two.
vi.setConfig({ testTimeout: patient(90_000), hookTimeout: patient(90_000) });

const UNIT = fileURLToPath(new URL('../../systemd/xdpkit-rules.service', import.meta.url));
const EXEC_START = /^ExecStart=(.*)$/m.exec(readFileSync(UNIT, 'utf8'))![1]!;
/** Something is mounted over it, where only the test sees it. */
const SETTINGS = '/etc/xdpkit';
const isOurs = !existsSync(SETTINGS);
beforeAll(() => void mkdirSync(SETTINGS, { recursive: true }));
afterAll(() => isOurs && rmdirSync(SETTINGS));

let bed: RulesBed;
/** What is at /etc/xdpkit. */
let settings: string;
beforeEach(() => {
  bed = new RulesBed();
  settings = join(bed.files, 'etc');
  mkdirSync(settings);
});
afterEach(() => bed[Symbol.dispose]());

/** A command on the box, with an /etc/xdpkit of its own. */
const onBox = (...command: readonly string[]): Promise<Ending> =>
  run(['unshare', '--mount', 'sh', '-c', `mount --bind "$0" ${SETTINGS} && cd / && exec "$@"`, settings, ...command], {
    netns: bed.box,
  });
const rules = (...args: readonly string[]): Promise<Ending> => onBox(...XDPKIT, 'rules', ...args);

/** What the unit starts, in the environment that systemd has for it. */
function boot(): Promise<Ending> {
  const bin = join(bed.files, 'bin');
  if (!existsSync(bin)) {
    mkdirSync(bin);
    symlinkSync(XDPKIT[1]!, join(bin, 'xdpkit'));
  }
  const path = [bin, dirname(process.execPath), '/usr/sbin', '/usr/bin'].join(':');
  return onBox('env', '-i', `PATH=${path}`, 'LANG=C.UTF-8', ...EXEC_START.split(' '));
}

const saved = (): string[] =>
  readdirSync(settings, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'));
const modes = (): string[] => getLink('port0', { netns: bed.box }).xdp.map(({ mode }) => mode);
/** The bpffs is empty after a boot, and what was attached by it is gone. */
const goDown = (name = 'port0') => PinDirectory.of(name, { netns: bed.box }).remove();

test('the unit is one that systemd takes', async () => {
  // It looks for programs and units of this machine, too: what it says of others is none of ours.
  const { stdout, stderr } = await run(['systemd-analyze', 'verify', '--man=no', UNIT]);
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('xdpkit'))).toEqual([]);
  expect(EXEC_START).toBe('/usr/bin/env xdpkit rules restore');
});

test('saved rules are there again after a boot, in the mode that was asked for', async () => {
  expect(await rules('load', 'port0', bed.noPingFile, '--mode', 'generic', '--save')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(saved()).toEqual(['rules/generic/port0.yaml']);
  expect(await rules('replace', 'port0', bed.pingFile, '--save')).toMatchObject({ status: 0, stderr: '' });
  expect(saved()).toEqual(['rules/generic/port0.yaml']);
  goDown();
  expect(modes()).toEqual([]);

  const path = '/etc/xdpkit/rules/generic/port0.yaml';
  expect(await boot()).toMatchObject({ status: 0, stdout: '', stderr: `port0: rules of ${path} are installed\n` });
  expect(modes()).toEqual(['generic']);
  expect(readRules((await rules('show', 'port0', '--yaml')).stdout)).toEqual(PING);
  expect(await boot()).toMatchObject({
    status: 0,
    stderr: `port0 has rules already: those of ${path} are not installed\n`,
  });

  expect(await rules('unload', 'port0', '--save')).toMatchObject({ status: 0 });
  expect([saved(), modes()]).toEqual([[], []]);
  expect(await boot()).toMatchObject({ status: 0, stderr: expect.stringContaining('has no rules for the interfaces') });
});

test('what is not confirmed is not saved, and two boots at once make one', async () => {
  expect(await rules('load', 'port0', bed.noPingFile, '--save')).toMatchObject({ status: 0 });
  expect((await rules('replace', 'port0', bed.pingFile, '--save', '--confirm', '10ms')).stderr).toContain(
    'NOT_CONFIRMED',
  );
  expect(readRules(readFileSync(join(settings, 'rules/port0.yaml'), 'utf8'))).toEqual(NO_PING);
  goDown();
  const both = await Promise.all([boot(), boot()]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(both.map(({ stderr }) => stderr).sort()).toEqual([
    expect.stringContaining('has rules already'),
    expect.stringContaining('are installed'),
  ]);
  expect(modes()).toEqual(['native']);
});

test('files that are wrong do not keep others from it', async () => {
  bed.lab.veth({ name: 'port1', netns: bed.box, peer: { name: 'port2', netns: bed.box } });
  mkdirSync(join(settings, 'rules/native'), { recursive: true });
  const keep = (name: string, text: string) => writeFileSync(join(settings, 'rules', name), text);
  keep('absent0.yaml', 'not even read');
  keep('port0.yaml', 'rules: [{ match: 3 }]');
  keep('port1.json', JSON.stringify(PING));
  keep('port2.yaml', '');
  keep('native/port2.json', '');
  const { status, stderr } = await boot();
  expect(status).toBe(2);
  expect(stderr).toMatch(/port0\.yaml:1:/);
  expect(stderr).toContain('port1: rules of /etc/xdpkit/rules/port1.json are installed');
  expect(stderr).toMatch(/several rule files for port2: \S+\/rules\/port2\.yaml, \S+\/rules\/native\/port2\.json/);
  goDown('port1');
});

test('--save is for the boot, not for other namespaces', async () => {
  const { status, stderr } = await bed.rules('load', 'port0', bed.pingFile, '--save');
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringContaining("option '--save' cannot be used with option '--netns <name>'"),
  });
  expect(modes()).toEqual([]);
});
