// needs: ip, bpftool
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { XdpLink, type XdpMode } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab, setLink } from '../../dist/netdev/index.js';
import { calls, OwnedFd, withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { bpftool } from './bpftool.js';
import { FarEnd, testFrame } from './far-end.js';
import { counting, countsMap, readCounts, returning } from './programs.js';

failOnLeaks();
let lab: Lab;
let netns: string;
let far: string;

beforeEach(() => {
  lab = createLab('link');
  netns = lab.namespace('near');
  far = lab.namespace('far');
  lab.veth({ name: 'port0', netns, peer: { name: 'eth0', netns: far } });
});
afterEach(() => lab.close());

const near = (name = 'port0') => getLink(name, { netns });
const attach = (program: Parameters<typeof XdpLink.attach>[0], mode: XdpMode, name = 'port0') =>
  withNamespace<XdpLink>(netns, () => XdpLink.attach(program, near(name), mode));
const code = (name: string) => expect.objectContaining({ code: name });

describe.each(['native', 'generic'] as const)('%s', (mode) => {
  test('attaches, and is off the moment it is closed', () => {
    using program = returning(XdpAction.pass);
    const link = attach(program, mode);
    expect(link.mode).toBe(mode);
    expect(near().xdp).toEqual([{ mode, programId: program.info.id }]);
    const [{ xdp }] = bpftool('net show', netns);
    expect(xdp).toEqual([
      expect.objectContaining({
        devname: 'port0',
        mode: mode === 'native' ? 'driver' : 'generic',
        id: program.info.id,
      }),
    ]);
    link.close();
    expect(near().xdp).toEqual([]);
    link.close();
    expect(() => link.fd).toThrow(code('XDP_ERR_CLOSED'));
  });

  test('an update replaces the program, and every packet saw one of the two', async () => {
    using counts = countsMap(2);
    using first = counting(counts, 0, XdpAction.drop);
    using second = counting(counts, 8, XdpAction.drop);
    using link = attach(first, mode);
    using sender = new FarEnd(getLink('eth0', { netns: far }).index, far);
    let sent = 0;
    const total = () => readCounts(counts).reduce((sum, count) => sum + count);
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 50; i++) sender.send(testFrame(sent++, 60));
      link.update(round % 2 === 0 ? second : first);
      expect(near().xdp).toEqual([{ mode, programId: (round % 2 === 0 ? second : first).info.id }]);
      // A veth holds 256 packets for its NAPI; what came beyond that would be lost before any program.
      await expect.poll(total, { interval: 1 }).toBe(sent);
    }
    expect(readCounts(counts).every((count) => count > 0)).toBe(true);
  });
});

test('closing detaches though somebody else looks at the link', () => {
  using program = returning(XdpAction.pass);
  using link = attach(program, 'native');
  const { id } = bpftool('link show').find((shown: { prog_id: number }) => shown.prog_id === program.info.id);
  const BPF_LINK_GET_FD_BY_ID = 30;
  using other = new OwnedFd(calls.bpf(BPF_LINK_GET_FD_BY_ID, new Uint32Array([id, 0, 0, 0])), 'the same link');
  expect(other.fd).toBeGreaterThan(0);
  link.close();
  expect(near().xdp).toEqual([]);
});

test('drivers without native XDP', () => {
  run(`ip -n ${netns} link add br0 type bridge`);
  using program = returning(XdpAction.pass);
  for (const name of ['lo', 'br0']) {
    expect(() => attach(program, 'native', name)).toThrow(code('XDP_ERR_NATIVE_UNSUPPORTED'));
    expect(near(name).xdp).toEqual([]);
    using link = attach(program, 'generic', name);
    expect(link.mode).toBe('generic');
    expect(near(name).xdp).toMatchObject([{ mode: 'generic' }]);
  }
});

test('a native program on an end with fewer queues than its peer', () => {
  lab.veth({ name: 'few', netns, queues: 1, peer: { name: 'many', netns: far, queues: 4 } });
  using program = returning(XdpAction.pass);
  expect(() => attach(program, 'native', 'few')).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_NATIVE_UNSUPPORTED', advice: expect.stringContaining('ethtool -L few') }),
  );
});

test('an MTU too large for native XDP', () => {
  setLink('port0', { mtu: 9000 }, { netns });
  setLink('eth0', { mtu: 9000 }, { netns: far });
  using program = returning(XdpAction.pass);
  expect(() => attach(program, 'native')).toThrow(code('XDP_ERR_MTU'));
  using link = attach(program, 'generic');
  expect(link.mode).toBe('generic');
});

// bpf_xdp_link_attach says EINVAL, not ENODEV, of an index that nobody has (net/core/dev.c).
test('an interface that went away', () => {
  const target = near();
  run(`ip -n ${netns} link del port0`);
  using program = returning(XdpAction.pass);
  expect(() => withNamespace<XdpLink>(netns, () => XdpLink.attach(program, target, 'native'))).toThrow(
    expect.objectContaining({ errnoName: 'EINVAL' }),
  );
});

test('closing after the interface went away', () => {
  using program = returning(XdpAction.pass);
  using link = attach(program, 'native');
  run(`ip -n ${netns} link del port0`);
  link.close();
});

describe('a program of somebody else', () => {
  // By netlink, without a link, as `ip link set dev ... xdp obj ...` does it.
  const cases = [
    ['xdpdrv', 'native', 'native'],
    ['xdpdrv', 'native', 'generic'],
    ['xdpgeneric', 'generic', 'generic'],
    ['xdpgeneric', 'generic', 'native'],
  ] as const;
  test.each(cases)('put there by bpftool as %s (%s) stays, and ours, %s, is refused', (flag, found, mode) => {
    using foreign = returning(XdpAction.pass, 'foreign');
    run(`bpftool net attach ${flag} id ${foreign.info.id} dev port0`, netns);
    const before = near().xdp;
    expect(before).toEqual([{ mode: found, programId: foreign.info.id }]);
    using program = returning(XdpAction.pass);
    expect(() => attach(program, mode)).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_FOREIGN_PROGRAM', advice: expect.stringContaining('xdp off') }),
    );
    expect(near().xdp).toEqual(before);
    run(`ip -n ${netns} link set dev port0 ${flag} off`);
    using link = attach(program, mode);
    expect(link.mode).toBe(mode);
  });

  test('a link of another holder counts as foreign, too, and nobody replaces or takes off ours', () => {
    using program = returning(XdpAction.pass);
    using foreign = returning(XdpAction.pass, 'foreign');
    using mine = attach(program, 'native');
    expect(() => attach(foreign, 'native')).toThrow(code('XDP_ERR_FOREIGN_PROGRAM'));
    const attempts = [
      `bpftool net attach xdpdrv id ${foreign.info.id} dev port0 overwrite`,
      'ip link set dev port0 xdp off',
    ];
    for (const attempt of attempts) expect(() => run(attempt, netns)).toThrow(/busy|link/i);
    expect(near().xdp).toEqual([{ mode: 'native', programId: program.info.id }]);
    expect(mine.mode).toBe('native');
  });
});

test.each(['native', 'generic'])('a killed holder gives the interface back within a second (%s)', async (mode) => {
  const fixture = fileURLToPath(new URL('./link-holder.mjs', import.meta.url));
  const child = spawn(process.execPath, [fixture, netns, 'port0', mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).toBe('attached\n');
    expect(near().xdp).toMatchObject([{ mode }]);
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'exit');
  await expect.poll(() => near().xdp, { timeout: patient(1_000) }).toEqual([]);
});
