// needs: ip, ping, bpftool, nsenter
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { XdpLink } from '../../dist/kernel/index.js';
import { deleteLink, getLink } from '../../dist/netdev/index.js';
import { readRules } from '../../dist/rules/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { bpftool } from '../kernel/bpftool.js';
import { returning } from '../kernel/programs.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { RulesBed } from './rules-bed.js';

// Commands one after the other: each takes a second on a busy machine, or two.
vi.setConfig({ testTimeout: patient(90_000), hookTimeout: patient(90_000) });

failOnLeaks();

let bed: RulesBed;
beforeEach(() => {
  bed = new RulesBed();
});
afterEach(() => bed[Symbol.dispose]());

const json = (text: string) => JSON.parse(text.trim().split('\n').at(-1)!);

async function counts(): Promise<Record<string, number>> {
  const { stdout } = await bed.rules('stats', 'port0', '--json');
  return Object.fromEntries(
    json(stdout).rules.map(({ name, packets }: { name: string; packets: number }) => [name, packets]),
  );
}

describe('installed rules', () => {
  test('judge packets after the command has ended, until they are unloaded', async () => {
    expect(await bed.ping(3)).toBe(3);
    const loaded = await bed.rules('load', 'port0', bed.noPingFile, '--json');
    expect(loaded).toMatchObject({ status: 0, stderr: '' });
    const { programId, linkId, mode } = json(loaded.stdout);
    expect(mode).toBe('native');
    expect(bed.attached).toEqual([programId]);
    expect(await bed.ping(5)).toBe(0);
    expect((await counts())['no-ping']).toBe(5);
    // Others see them, too.
    expect(bpftool(`prog show id ${programId}`)).toMatchObject({ type: 'xdp', name: 'xdpkit_rules' });
    expect(bpftool(`link show id ${linkId}`)).toMatchObject({ type: 'xdp', prog_id: programId });
    const net = await run(['bpftool', 'net', 'show'], { netns: bed.box });
    expect(net.stdout).toContain(`port0`);
    expect(net.stdout).toContain(`id ${programId}`);
    expect(bed.pins).toEqual(['carried', 'counters', 'link', 'program', 'rules_text']);

    const shown = await bed.rules('show', 'port0', '--yaml');
    expect(readRules(shown.stdout)).toEqual(readRules(readFileSync(bed.noPingFile, 'utf8')));
    expect(json((await bed.rules('show', '--json')).stdout).interfaces).toMatchObject([
      { interface: 'port0', programId, rules: readRules(shown.stdout).rules },
    ]);

    expect(await bed.rules('unload', 'port0')).toMatchObject({
      status: 0,
      stdout: 'port0: no rules any more\n',
      stderr: '',
    });
    expect(bed.attached).toEqual([]);
    expect(bed.pins).toEqual([]);
    expect(await bed.ping(2)).toBe(2);
    const none = await bed.rules('show', 'port0', '--json');
    expect(none.status).toBe(1);
    expect(json(none.stdout).code).toBe('XDP_ERR_NOT_INSTALLED');
  });

  test('are replaced with the counts of rules whose name stays', async () => {
    await bed.rules('load', 'port0', bed.noPingFile);
    const second = await bed.rules('load', 'port0', bed.pingFile);
    expect(second.status).toBe(5);
    expect(second.stderr).toContain('rules replace port0');
    await bed.ping(4);
    expect(await bed.rules('replace', 'port0', bed.pingFile)).toMatchObject({ status: 0 });
    expect(await bed.ping(3)).toBe(3);
    expect(await counts()).toEqual({ 'no-ping': 7 });
    expect(bed.pins).toEqual(['carried', 'counters', 'link', 'program', 'rules_text']);
    expect(bpftool(`map show pinned /sys/fs/bpf/xdpkit/${bed.namespaceNumber}/port0/counters`).max_entries).toBe(1);
  });

  test('show their counts again and again with --watch', async () => {
    await bed.rules('load', 'port0', bed.pingFile);
    await using watch = new Running([
      ...XDPKIT,
      'rules',
      'stats',
      'port0',
      '--netns',
      bed.box,
      '--watch',
      '-i',
      '50ms',
    ]);
    await watch.says(/packets\/s/);
    await bed.ping(3);
    await watch.says(/no-ping\s+3\s+294\s+0\s/);
    watch.kill('SIGINT');
    expect((await watch.end()).status).toBe(130);
  });

  test('of which two commands at once make one', async () => {
    const both = await Promise.all([
      bed.rules('load', 'port0', bed.noPingFile),
      bed.rules('load', 'port0', bed.noPingFile),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([0, 5]);
    expect(bed.attached).toHaveLength(1);
    const two = await Promise.all([
      bed.rules('replace', 'port0', bed.pingFile),
      bed.rules('replace', 'port0', bed.pingFile),
    ]);
    expect(two.map(({ status }) => status)).toEqual([0, 0]);
    expect(bed.pins).toEqual(['carried', 'counters', 'link', 'program', 'rules_text']);
  });

  test('leave pins when their interface goes, and the next command clears them', async () => {
    await bed.rules('load', 'port0', bed.noPingFile);
    deleteLink('port0', { netns: bed.box });
    expect(bed.pins).toContain('link');
    const unload = await bed.rules('unload', 'port0');
    expect(unload.status).toBe(0);
    expect(unload.stderr).toContain('cleared the pins');
    expect(bed.pins).toEqual([]);
    expect((await bed.rules('unload', 'port0')).status).toBe(1);
  });

  test('are read from standard input, and a namespace that is not there has a name', async () => {
    const load = ['rules', 'load', 'port0', '-', '--netns'];
    const piped = (netns: string) =>
      run(['sh', '-c', 'file=$1; shift; exec "$@" <"$file"', 'sh', bed.pingFile, ...XDPKIT, ...load, netns]);
    expect(await piped('no-such-namespace')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('[XDP_ERR_NO_NAMESPACE]'),
    });
    expect(await piped(bed.box)).toMatchObject({ status: 0, stderr: '' });
    expect(await bed.ping(1)).toBe(1);
    expect(await counts()).toEqual({ 'no-ping': 1 });
  });
});

describe('what is refused', () => {
  test("somebody else's program stays", async () => {
    using program = returning(XdpAction.pass, 'foreign');
    using link = withNamespace<XdpLink>(bed.box, () =>
      XdpLink.attach(program, getLink('port0', { netns: bed.box }), 'native'),
    );
    for (const args of [
      ['load', 'port0', bed.noPingFile, '--force'],
      ['replace', 'port0', bed.noPingFile],
      ['unload', 'port0'],
    ]) {
      const { status, stderr } = await bed.rules(...args);
      expect(status).toBe(args[0] === 'load' ? 5 : 1);
      expect(stderr).toContain(args[0] === 'load' ? 'XDP_ERR_FOREIGN_PROGRAM' : 'XDP_ERR_NOT_INSTALLED');
      expect(bed.attached).toEqual([link.info.programId]);
    }
    expect(bed.pins).toEqual([]);
  });

  test.each([
    ['an interface that is not there', { redirect: { interface: 'nowhere0' } }, 'XDP_ERR_NO_INTERFACE', 1],
    ['a program that is not pinned', { program: '/sys/fs/bpf/no-such-program' }, 'XDP_ERR_NO_PROGRAM', 1],
    ['an action that is none', 'explode', 'XDP_ERR_RULES', 2],
  ])('%s', async (_, action, code, exit) => {
    const file = bed.file({ rules: [{ match: { type: 'udp-dst', port: 1 }, action }] } as never);
    const { status, stdout } = await bed.rules('load', 'port0', file, '--json');
    expect([json(stdout).code, status]).toEqual([code, exit]);
    expect(bed.attached).toEqual([]);
    expect(bed.pins).toEqual([]);
  });
});
