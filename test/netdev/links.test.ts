// needs: ip, ethtool, bpftool, setpriv
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  createKernelBridge,
  createLab,
  createVeth,
  deleteLink,
  getLink,
  type Lab,
  type Link,
  listLinks,
  setLink,
  Tap,
} from '../../dist/netdev/index.js';
import { XdpError } from '../../dist/sys/index.js';
import { patient } from '../patience.js';
import { failOnLeaks, ip, run } from './oracle.js';
import { attachPass } from './xdp-program.js';

let lab: Lab;
let left: string;
let right: string;

beforeAll(() => {
  lab = createLab('links');
  left = lab.namespace('left');
  right = lab.namespace('right');
});
afterAll(() => lab.close());
failOnLeaks();

/** A link in the words of `ip -j -d link`. */
function asIp(link: Link): Record<string, unknown> {
  return {
    ifindex: link.index,
    ifname: link.name,
    mtu: link.mtu,
    operstate: link.state.toUpperCase(),
    address: link.mac,
    promiscuity: link.promiscuity,
    info_kind: link.kind,
    up: link.up,
    carrier: link.carrier,
    num_rx_queues: link.rxQueues,
    num_tx_queues: link.txQueues,
    peer: link.peer && [link.peer.index, link.peer.netnsId],
    altnames: link.alternativeNames,
    min_mtu: link.mtuRange[0],
    max_mtu: link.mtuRange[1],
    master: link.master,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the tool's own shape
function fromIp(link: any): Record<string, unknown> {
  const kind = link.linkinfo?.info_kind;
  return {
    ifindex: link.ifindex,
    ifname: link.ifname,
    mtu: link.mtu,
    operstate: link.operstate,
    address: link.address,
    promiscuity: link.promiscuity,
    info_kind: kind,
    up: link.flags.includes('UP'),
    carrier: link.flags.includes('LOWER_UP'),
    num_rx_queues: link.num_rx_queues,
    num_tx_queues: link.num_tx_queues,
    // ip turns the index of a peer in the same namespace into its name.
    peer:
      kind === 'veth' ? [link.link_index ?? getLink(link.link, { netns: left }).index, link.link_netnsid] : undefined,
    altnames: link.altnames ?? [],
    min_mtu: link.min_mtu,
    max_mtu: link.max_mtu,
    master: link.master && getLink(link.master, { netns: left }).index,
  };
}

describe('listLinks and getLink', () => {
  test('agree with ip on veth, tap, bridge and loopback', () => {
    createVeth({ name: 'v0', netns: left, queues: 4, peer: { name: 'v1', netns: right } });
    createVeth({ name: 's0', netns: left, peer: { name: 's1', netns: left, queues: 2 } });
    run(`ip -n ${left} tuntap add dev tap0 mode tap`);
    run(`ip -n ${left} link add br0 type bridge`);
    run(`ip -n ${left} link add br1 mtu 9000 type bridge`);
    setLink('v0', { up: true }, { netns: left });
    for (const name of ['s0', 'br0']) setLink(name, { up: true }, { netns: left });
    run(`ip -n ${left} link set br1 promisc on`);
    run(`ip -n ${left} link set s1 master br1`);
    for (const name of ['alt-of-v0', 'another-rather-long-name']) {
      run(`ip -n ${left} link property add dev v0 altname ${name}`);
    }

    const links = listLinks({ netns: left });
    expect(links.map(asIp)).toEqual(ip('link', left).map(fromIp));
    for (const link of links) {
      expect(getLink(link.name, { netns: left })).toEqual(link);
      expect(getLink(link.index, { netns: left })).toEqual(link);
    }
    const drivers = Object.fromEntries(links.map((link) => [link.name, link.driver]));
    expect(drivers).toMatchObject({ v0: 'veth', tap0: 'tun', br0: 'bridge' });
    expect(getLink('s0', { netns: left }).state).toBe('lowerlayerdown');
  });

  test('in the own namespace, without a word about one', async () => {
    // Others may make and delete links there meanwhile.
    await vi.waitFor(() => {
      expect(listLinks().map(({ name }) => name)).toEqual(ip('link').map(({ ifname }) => ifname));
    });
    expect(getLink('lo')).toMatchObject({ index: 1, up: true, carrier: true, queues: 1, xdp: [] });
  });

  test.each([
    [1, 1],
    [4, 4],
    [4, 1],
  ])('queue counts %i and %i', (queues, peerQueues) => {
    createVeth({ name: 'q0', netns: left, queues, peer: { name: 'q1', netns: right, queues: peerQueues } });
    expect(getLink('q0', { netns: left })).toMatchObject({ rxQueues: queues, txQueues: queues, queues });
    expect(getLink('q1', { netns: right })).toMatchObject({ queues: peerQueues });
    expect(ip('link show q0', left)[0]).toMatchObject({ num_rx_queues: queues, num_tx_queues: queues });
    expect(run('ethtool -l q0', left)).toMatch(new RegExp(`Current.*RX:\\s+${queues}\\s+TX:\\s+${queues}\\s`, 's'));
    deleteLink('q0', { netns: left });
    expect(() => getLink('q1', { netns: right })).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_INTERFACE' }));
  });

  test('the queues in use count, not those there could be', () => {
    createVeth({ name: 'q0', netns: left, queues: 4, peer: { name: 'q1', netns: right } });
    run('ethtool -L q0 rx 2 tx 3', left);
    expect(getLink('q0', { netns: left })).toMatchObject({ rxQueues: 2, txQueues: 3, queues: 3 });
    deleteLink('q0', { netns: left });
  });

  test.each([1, 3])('the queues of a tap, %i of them', (queues) => {
    using _tap = new Tap({ name: 'tapq', netns: left, queues });
    expect(getLink('tapq', { netns: left })).toMatchObject({ rxQueues: queues, txQueues: queues, queues });
  });

  test('queues in use are those that sysfs has', () => {
    createVeth({ name: 'q0', netns: left, queues: 4, peer: { name: 'q1', netns: left, queues: 3 } });
    run('ethtool -L q0 rx 2 tx 3', left);
    run(`ip -n ${left} tuntap add dev tapm mode tap multi_queue`);
    using _tap = new Tap({ name: 'tapq', netns: left, queues: 3 });
    for (const { name, rxQueues, txQueues } of listLinks({ netns: left })) {
      const queues = run(`ls /sys/class/net/${name}/queues`, left).split('\n');
      const count = (kind: string) => queues.filter((queue) => queue.startsWith(kind)).length;
      expect({ name, rxQueues, txQueues }).toEqual({ name, rxQueues: count('rx-'), txQueues: count('tx-') });
    }
    for (const name of ['q0', 'tapm']) deleteLink(name, { netns: left });
  });

  test('more links than one answer holds', () => {
    const netns = lab.namespace('many');
    const lines = Array.from({ length: 150 }, (_, i) => `link add many${i} type bridge`).join('\n');
    execFileSync('ip', ['-n', netns, '-batch', '-'], { input: lines, timeout: patient(20_000) });
    expect(listLinks({ netns }).map(({ name }) => name)).toEqual(ip('link', netns).map(({ ifname }) => ifname));
  });

  test('an alternative name, longer than a name may be', () => {
    createVeth({ name: 'alt0', netns: left, peer: { name: 'alt1', netns: right } });
    run(`ip -n ${left} link property add dev alt0 altname a-rather-long-alternative-name`);
    expect(getLink('a-rather-long-alternative-name', { netns: left }).name).toBe('alt0');
    deleteLink('alt0', { netns: left });
  });

  test.each([
    ['native', 4],
    ['generic', 2],
  ] as const)('an XDP program in %s mode', (mode, flags) => {
    createVeth({ name: 'x0', netns: left, peer: { name: 'x1', netns: right } });
    const { index } = getLink('x0', { netns: left });
    {
      using _attached = attachPass(index, left, flags);
      const { xdp } = getLink('x0', { netns: left });
      expect(xdp).toEqual([{ mode, programId: ip('link show x0', left)[0].xdp.prog.id }]);
      const shown = JSON.parse(run('bpftool --json net', left))[0].xdp;
      expect(shown).toEqual([
        { devname: 'x0', ifindex: index, mode: mode === 'native' ? 'driver' : mode, id: xdp[0]?.programId },
      ]);
    }
    expect(getLink('x0', { netns: left }).xdp).toEqual([]);
    deleteLink('x0', { netns: left });
  });
});

describe('setLink', () => {
  test('changes everything at once, and moves', () => {
    createVeth({ name: 'm0', netns: left, peer: { name: 'm1', netns: left } });
    setLink('m0', { mtu: 1300, mac: '02:00:00:00:00:aa', newName: 'moved', moveTo: right }, { netns: left });
    setLink('moved', { up: true }, { netns: right });
    const [shown] = ip('link show moved', right);
    expect(shown).toMatchObject({ mtu: 1300, address: '02:00:00:00:00:aa' });
    expect(shown.flags).toContain('UP');
    setLink('moved', { up: false }, { netns: right });
    expect(ip('link show moved', right)[0].flags).not.toContain('UP');
    deleteLink('moved', { netns: right });
  });
});

test('a bridge of the kernel, and its ports', () => {
  createVeth({ name: 'b0', netns: left, peer: { name: 'b1', netns: left } });
  createKernelBridge({ name: 'brk', netns: left, ports: ['b0', 'b1'] });
  expect(ip('link show brk', left)[0]).toMatchObject({
    linkinfo: { info_kind: 'bridge' },
    flags: expect.arrayContaining(['UP']),
  });
  expect(
    ip('link show master brk', left)
      .map(({ ifname }) => ifname)
      .sort(),
  ).toEqual(['b0', 'b1']);
  setLink('b0', { master: null }, { netns: left });
  expect(getLink('b0', { netns: left }).master).toBeUndefined();
  for (const name of ['brk', 'b0']) deleteLink(name, { netns: left });
});

test('a tap lives as long as its owner, and has a carrier', () => {
  const tap = new Tap({ name: 'tapc', netns: left });
  setLink('tapc', { up: true }, { netns: left });
  expect(getLink('tapc', { netns: left })).toMatchObject({
    kind: 'tun',
    driver: 'tun',
    up: true,
    carrier: true,
    queues: 1,
  });
  expect(ip('link show tapc', left)[0].linkinfo.info_data).toMatchObject({ type: 'tap', pi: false, persist: false });
  expect(tap.fds).toHaveLength(1);
  expect(() => new Tap({ name: 'tapc', netns: left })).toThrow(expect.objectContaining({ errnoName: 'EBUSY' }));
  tap.close();
  tap.close();
  expect(() => getLink('tapc', { netns: left })).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_INTERFACE' }));
});

describe('errors', () => {
  const failure = (run: () => unknown): XdpError => {
    try {
      run();
    } catch (error) {
      if (error instanceof XdpError) return error;
    }
    throw new Error('no XdpError');
  };

  test.each(['nope', '', 'a-name-longer-than-fifteen', 999_999, 0])('no interface %j', (name) => {
    const error = failure(() => getLink(name, { netns: right }));
    expect(error.code).toBe('XDP_ERR_NO_INTERFACE');
    expect(error.advice).toContain('lo');
  });

  test('carry the error number and the words of the kernel', () => {
    createVeth({ name: 'e0', netns: left, peer: { name: 'e1', netns: right } });
    const error = failure(() => setLink('e0', { mtu: 1 }, { netns: left }));
    expect(error).toMatchObject({ code: 'XDP_ERR_NETLINK', errnoName: 'EINVAL', call: 'netlink' });
    expect(error.message).toContain('mtu less than device minimum');
    expect(failure(() => createVeth({ name: 'e0', netns: left, peer: { name: 'e2' } })).errnoName).toBe('EEXIST');
    expect(() => getLink('e2')).toThrow();
    deleteLink('e0', { netns: left });
  });

  test('no such namespace', () => {
    expect(failure(() => listLinks({ netns: 'xdpkit-none' })).code).toBe('XDP_ERR_NO_NAMESPACE');
  });

  test('a malformed Ethernet address', () => {
    expect(failure(() => setLink('lo', { mac: '02:00' }, { netns: left })).code).toBe('XDP_ERR_USAGE');
  });

  test('a missing capability is named', () => {
    const module = new URL('../../dist/netdev/index.js', import.meta.url);
    const script = `import { setLink } from '${module}';
      try { setLink('lo', { mtu: 60000 }) } catch ({ code, advice }) { console.log(JSON.stringify({ code, advice })) }`;
    const without = ['--bounding-set=-net_admin', '--inh-caps=-net_admin', process.execPath];
    const output = execFileSync('setpriv', [...without, '--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({
      code: 'XDP_ERR_PERMISSION',
      advice: expect.stringContaining('CAP_NET_ADMIN'),
    });
  });
});
