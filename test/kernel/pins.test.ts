// needs: bpftool, ip, unshare, nsenter, stat
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { BpfLink, BpfMap, bpffs, lockPins, PinDirectory, u32, XdpLink, XdpProgram } from '../../dist/kernel/index.js';
import { createLab, deleteNamespace, getLink, type Lab } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { bpftool } from './bpftool.js';
import { returning } from './programs.js';

failOnLeaks();
const child = fileURLToPath(new URL('./pin-child.mjs', import.meta.url));
const BPF_FS_MAGIC = 0xcafe4a11;

let lab: Lab;
let netns: string;
let directory: PinDirectory;

beforeEach(() => {
  lab = createLab('pins');
  netns = lab.namespace('near');
  lab.veth({ name: 'port0', netns, peer: { name: 'port1', netns } });
  directory = PinDirectory.of('port0', { netns });
});
afterEach(() => {
  try {
    for (const one of PinDirectory.all()) if (one.namespace === directory.namespace) one.remove();
  } finally {
    lab.close();
  }
});

const attached = (name = 'port0') => getLink(name, { netns }).xdp.map(({ programId }) => programId);
const attach = (program: XdpProgram) =>
  withNamespace<XdpLink>(netns, () => XdpLink.attach(program, getLink('port0', { netns }), 'native'));
const countsMap = () => new BpfMap({ kind: 'array', name: 'counts', valueSize: 4, maxEntries: 1 });

/** Pins a map, a program and its link, as an installation does; nothing of them stays open here. */
function install(): { program: number; map: number; link: number } {
  using map = countsMap();
  using program = returning(XdpAction.pass);
  using link = attach(program);
  directory.create();
  map.pin(directory.pathOf('counts'));
  program.pin(directory.pathOf('program'));
  link.pin(directory.pathOf('link'));
  return { program: program.info.id, map: map.info.id, link: link.info.id };
}

describe('a directory of pins', () => {
  test('stands under the namespace and the interface', () => {
    const inode = Number(run(`stat -L -c %i /run/netns/${netns}`));
    expect(directory.namespace).toBe(inode);
    expect(directory.path).toBe(`/sys/fs/bpf/xdpkit/${inode}/port0`);
    expect(withNamespace<string>(netns, () => PinDirectory.of('port0').path)).toBe(directory.path);
    expect(directory.exists).toBe(false);
    expect(directory.pins()).toEqual([]);
    directory.create();
    directory.create();
    expect(directory.exists).toBe(true);
    expect(PinDirectory.all().map(({ path }) => path)).toContain(directory.path);
    directory.remove();
    directory.remove();
    expect(existsSync(`/sys/fs/bpf/xdpkit/${inode}`)).toBe(false);
  });

  test('can be that of any interface: a dot means something else in a bpffs', () => {
    for (const name of ['port0.7', 'a%b.c%2E']) {
      const dotted = PinDirectory.of(name, { netns });
      dotted.create();
      using map = countsMap();
      map.pin(dotted.pathOf('counts'));
      const found = PinDirectory.all().find(({ path }) => path === dotted.path)!;
      expect(found).toMatchObject({ interface: name, namespace: directory.namespace });
      expect(found.pins()).toMatchObject([{ name: 'counts', id: map.info.id }]);
    }
    for (const name of ['a.b', 'a/b', '', '..']) expect(() => directory.pathOf(name)).toThrow(RangeError);
  });

  test('shows what is pinned, as bpftool does', () => {
    const { map, program, link } = install();
    const path = (name: string) => `${directory.path}/${name}`;
    expect(directory.pins()).toEqual([
      { name: 'counts', path: path('counts'), kind: 'map', id: map },
      { name: 'link', path: path('link'), kind: 'link', id: link, attached: true },
      { name: 'program', path: path('program'), kind: 'program', id: program },
    ]);
    expect(bpftool(`map show pinned ${path('counts')}`).id).toBe(map);
    expect(bpftool(`prog show pinned ${path('program')}`).id).toBe(program);
    expect(bpftool(`link show pinned ${path('link')}`).id).toBe(link);
  });
});

describe('pins', () => {
  test('keep the program on the interface when its process is done, and give it back', () => {
    const { program } = install();
    expect(attached()).toEqual([program]);
    using other = returning(XdpAction.drop);
    using link = BpfLink.openPinned(directory.pathOf('link'));
    using old = XdpProgram.openPinned(directory.pathOf('program'));
    link.update(other, old);
    expect(attached()).toEqual([other.info.id]);
    expect(() => link.update(old, old)).toThrow(expect.objectContaining({ code: 'XDP_ERR_FOREIGN_PROGRAM' }));
    link.close();
    expect(attached()).toEqual([other.info.id]);
    directory.remove();
    return expect.poll(() => attached(), { timeout: patient(2_000) }).toEqual([]);
  });

  test('of maps lead to the same map', () => {
    directory.create();
    using map = countsMap();
    map.pin(directory.pathOf('counts'));
    using same = BpfMap.openPinned(directory.pathOf('counts'));
    same.update(u32(0), u32(7));
    expect(map.lookup(u32(0))).toEqual(u32(7));
    expect(same).toMatchObject({ kind: 'array', name: 'counts', valueSize: 4 });
  });

  test('that are something else, are not there, or are taken', () => {
    install();
    const path = (name: string) => directory.pathOf(name);
    const code = (name: string) => expect.objectContaining({ code: name });
    expect(() => BpfMap.openPinned(path('link'))).toThrow(code('XDP_ERR_USAGE'));
    expect(() => XdpProgram.openPinned(path('counts'))).toThrow(/counts is a map, not a program/);
    expect(() => BpfLink.openPinned(path('program'))).toThrow(code('XDP_ERR_USAGE'));
    expect(() => BpfMap.openPinned(path('none'))).toThrow(expect.objectContaining({ errnoName: 'ENOENT' }));
    using map = countsMap();
    expect(() => map.pin(path('link'))).toThrow(expect.objectContaining({ errnoName: 'EEXIST' }));
    expect(() => map.pin(join(tmpdir(), 'no-bpffs'))).toThrow(expect.objectContaining({ errnoName: 'EPERM' }));
  });
});

describe('stale pins', () => {
  test('an interface that is gone', () => {
    install();
    expect(directory.isStale()).toBe(false);
    run(`ip -n ${netns} link del port0`);
    expect(directory.isStale()).toBe(true);
    expect(directory.pins()).toContainEqual(expect.objectContaining({ kind: 'link', attached: false }));
    using link = BpfLink.openPinned(directory.pathOf('link'));
    using other = returning(XdpAction.drop);
    expect(link.info.target).toEqual({ kind: 'xdp', ifindex: 0 });
    expect(() => link.update(other)).toThrow(expect.objectContaining({ code: 'XDP_ERR_INTERFACE_GONE' }));
    link.detach();
  });

  test('a namespace that is gone', async () => {
    install();
    deleteNamespace(netns);
    await expect.poll(() => directory.isStale(), { timeout: patient(5_000) }).toBe(true);
  });

  test('a link that somebody has detached', () => {
    const { link } = install();
    run(`bpftool link detach id ${link}`);
    expect(attached()).toEqual([]);
    expect(directory.isStale()).toBe(true);
  });

  test('a program that was attached without a link', () => {
    using program = returning(XdpAction.pass);
    directory.create();
    program.pin(directory.pathOf('program'));
    // `ip netns exec` would hide the bpffs.
    run(`nsenter --net=/run/netns/${netns} bpftool net attach xdp pinned ${directory.pathOf('program')} dev port0`);
    expect(directory.isStale(new Set(attached()))).toBe(false);
    run(`ip -n ${netns} link set dev port0 xdp off`);
    expect(directory.isStale(new Set(attached()))).toBe(true);
  });

  test('a directory with nothing in it, or only maps', () => {
    directory.create();
    expect(directory.isStale()).toBe(true);
    using map = countsMap();
    map.pin(directory.pathOf('counts'));
    expect(directory.isStale()).toBe(true);
  });
});

describe('the lock', () => {
  test('has one holder, and the next one waits', async () => {
    const first = await lockPins();
    let got = false;
    const second = lockPins().then((lock) => {
      got = true;
      return lock;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got).toBe(false);
    first.close();
    using _lock = await second;
    expect(got).toBe(true);
  });

  test('is given up on when asked to', async () => {
    using _lock = await lockPins();
    await expect(lockPins({ signal: AbortSignal.timeout(30) })).rejects.toThrow(/timeout/);
    await expect(lockPins({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  test('is free when its holder is killed', async () => {
    const holder = spawn(process.execPath, [child, 'lock'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      await expect(lockPins({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
    } finally {
      holder.kill('SIGKILL');
    }
    using lock = await lockPins({ signal: AbortSignal.timeout(patient(2_000)) });
    expect(lock.isClosed).toBe(false);
  });
});

describe('the bpffs', () => {
  const find = `${process.execPath} ${child} find`;
  /** Runs a script where it is process 1 and has mounts of its own, of which the bpffs is taken away. */
  const withoutBpffs = (script: string) => {
    const args = ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', `umount -l /sys/fs/bpf; ${script}`];
    return JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', timeout: patient(20_000) }));
  };

  test('is where everybody has it', () => {
    expect(bpffs()).toBe('/sys/fs/bpf');
  });

  test('that ip netns exec hides is found all the same', () => {
    const inside = JSON.parse(run(`${process.execPath} ${child} pin port1`, netns));
    expect(inside.path).toMatch(new RegExp(`^/proc/\\d+/root/sys/fs/bpf/xdpkit/${directory.namespace}/port1$`));
    const outside = PinDirectory.of('port1', { netns });
    expect(inside.namespace).toBe(statSync(`/run/netns/${netns}`).ino);
    expect(outside.pins()).toMatchObject([{ name: 'counts', kind: 'map', id: inside.id }]);
  });

  test('is mounted where there is none', () => {
    expect(withoutBpffs(find)).toEqual({ path: '/sys/fs/bpf', type: BPF_FS_MAGIC });
    expect(statfsSync('/sys/fs/bpf').type).toBe(BPF_FS_MAGIC);
  });

  test('is not mounted where it would end with the process', () => {
    expect(withoutBpffs(`unshare --mount ${find}`)).toMatchObject({
      code: 'XDP_ERR_PLATFORM',
      advice: expect.stringContaining('mount -t bpf bpf /sys/fs/bpf'),
    });
  });
});
