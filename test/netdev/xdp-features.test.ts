// needs: ip, bpftool
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  createLab,
  getLink,
  getXdpFeatures,
  type Lab,
  listNapis,
  listQueues,
  listXdpFeatures,
  setFeatures,
  setLink,
  Tap,
} from '../../dist/netdev/index.js';
import { Attributes, PayloadWriter } from '../../dist/netdev/netlink-attributes.js';
import { decodeXdpFeatures } from '../../dist/netdev/xdp-features.js';
import { currentBackend, Errno, useBackend } from '../../dist/sys/index.js';
import { Umem } from '../../dist/xsk/index.js';
import { patient } from '../patience.js';
import { Wire } from '../xsk/kernel-queue.js';
import { failOnLeaks, needKernel, run } from './oracle.js';
import { attachPass } from './xdp-program.js';

failOnLeaks();
let lab: Lab;
let netns: string;

beforeAll(() => {
  lab = createLab('xdpf');
  netns = lab.namespace('host');
  lab.veth({ name: 'f0', netns, queues: 3, peer: { name: 'f1', netns, queues: 2 } });
  lab.veth({ name: 'g0', netns, peer: { name: 'g1', netns } });
  run(`ip -n ${netns} link add br0 type bridge`);
  run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
});
afterAll(() => lab.close());

const of = (name: string) => getXdpFeatures(name, { netns });

describe('the names are those of the running kernel, bit by bit', () => {
  const NETDEV_A_DEV = { xdp: 3, rxMetadata: 5, xsk: 6 } as const;
  const dump = 'bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep NETDEV_X';
  let kernel = '';
  beforeEach((context) => {
    needKernel(context, 6, 8);
    kernel ||= execFileSync('sh', ['-c', dump], { encoding: 'utf8', timeout: patient(20_000) });
  });
  test.each([
    ['xdp', 'NETDEV_XDP_ACT_'],
    ['rxMetadata', 'NETDEV_XDP_RX_METADATA_'],
    ['xsk', 'NETDEV_XSK_FLAGS_'],
  ] as const)('%s', (kind, prefix) => {
    const constants = [...kernel.matchAll(new RegExp(`\\b${prefix}(\\w+) = (\\d+)`, 'g'))]
      .map(([, name = '', value]) => ({ name: name.toLowerCase().replaceAll('_', '-'), value: BigInt(value ?? 0) }))
      .filter(({ name }) => name !== 'mask');
    expect(constants.length).toBeGreaterThan(0);
    for (const { name, value } of constants) {
      const answer = Attributes.decode(new PayloadWriter().u32(1, 7).u64(NETDEV_A_DEV[kind], value).finish());
      expect(decodeXdpFeatures(answer)).toMatchObject({ index: 7, [kind]: [name] });
    }
  });
});

test('of veth, tap, bridge and loopback', (context) => {
  needKernel(context, 6, 8);
  expect(of('f0')).toMatchObject({ xdp: ['basic', 'redirect', 'rx-sg'], xsk: [], zeroCopySegments: 0 });
  expect(of('f0').rxMetadata).toEqual(expect.arrayContaining(['hash']));
  expect(of('tap0').xdp).toEqual(expect.arrayContaining(['basic', 'redirect', 'ndo-xmit']));
  for (const name of ['br0', 'lo']) {
    expect(of(name)).toEqual({
      index: getLink(name, { netns }).index,
      xdp: [],
      rxMetadata: [],
      xsk: [],
      zeroCopySegments: 0,
    });
  }
});

test('all at once are the same as one by one', (context) => {
  needKernel(context, 6, 3);
  const names = run(`ip -n ${netns} -o link`)
    .trim()
    .split('\n')
    .map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? '');
  expect(listXdpFeatures({ netns })).toEqual(names.map(of));
});

test('a veth takes redirected frames when its peer has somebody to hand them to', (context) => {
  needKernel(context, 6, 3);
  // drivers/net/veth.c, veth_set_xdp_features: the peer has a program, or GRO.
  const sees = () => of('g0').xdp.filter((feature) => feature.startsWith('ndo-xmit'));
  expect(sees()).toEqual([]);
  {
    using _attached = attachPass(getLink('g1', { netns }).index, netns, 4);
    expect(sees()).toContain('ndo-xmit');
  }
  expect(sees()).toEqual([]);
  setFeatures('g1', { 'rx-gro': true }, { netns });
  expect(sees()).toContain('ndo-xmit');
  setFeatures('g1', { 'rx-gro': false }, { netns });
});

describe('queues and NAPI instances', () => {
  beforeEach((context) => needKernel(context, 6, 8));
  test('of an interface that is up', () => {
    using _tap = new Tap({ name: 'tapq', netns, queues: 2 });
    setLink('tapq', { up: true }, { netns });
    for (const [name, queues] of [
      ['f0', 3],
      ['f1', 2],
      ['tapq', 2],
      ['lo', 1],
    ] as const) {
      const { rxQueues, txQueues } = getLink(name, { netns });
      expect([rxQueues, txQueues]).toEqual([queues, queues]);
      const found = listQueues(name, { netns });
      for (const type of ['rx', 'tx'] as const) {
        const ids = found.filter((queue) => queue.type === type).map(({ id }) => id);
        expect(ids).toEqual(Array.from({ length: queues }, (_, id) => id));
      }
      expect(found.some(({ xsk }) => xsk)).toBe(false);
    }
    setLink('tapq', { up: false }, { netns });
    expect(listQueues('tapq', { netns })).toEqual([]);
  });

  test('a NAPI instance has the settings of its device', (context) => {
    needKernel(context, 6, 13);
    using _attached = attachPass(getLink('f0', { netns }).index, netns, 4);
    const napis = listNapis('f0', { netns });
    for (const napi of napis) expect(napi).toMatchObject({ id: expect.any(Number), deferHardIrqs: 0 });
    const known = new Set(napis.map(({ id }) => id));
    for (const { napiId } of listQueues('f0', { netns })) if (napiId !== undefined) expect(known).toContain(napiId);
  });

  test('a queue that an AF_XDP socket has', (context) => {
    needKernel(context, 6, 16);
    using wire = new Wire({ queues: 2 });
    using umem = new Umem({ frames: 64, frameSize: 2048 });
    {
      using _socket = wire.open(umem, { queue: 1 });
      const bound = listQueues(wire.link.index, { netns: wire.netns }).filter(({ xsk }) => xsk);
      expect(bound.map(({ type, id }) => `${type} ${id}`)).toEqual(['rx 1', 'tx 1']);
    }
  });
});

test('a kernel without the family', () => {
  const real = currentBackend();
  // The family controller's answer becomes ENOENT: what a kernel before 6.3 says.
  useBackend({
    ...real,
    sendto(fd, data, length, flags, to, toLength) {
      const changed = Buffer.from((data as Uint8Array).slice());
      const at = changed.indexOf('netdev\0');
      if (at >= 0) changed.write('netdex', at);
      return real.sendto(fd, changed, length, flags, to, toLength);
    },
  });
  try {
    expect(() => of('lo')).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_PLATFORM', errno: Errno.ENOENT, exitCode: 4 }),
    );
  } finally {
    useBackend(undefined);
  }
});
