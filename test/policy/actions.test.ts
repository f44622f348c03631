// needs: ip, ethtool, bpftool, clang-14
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { u32, XdpLink } from '../../dist/kernel/index.js';
import { getLink, type Link } from '../../dist/netdev/index.js';
import { type InstalledRules, installRules } from '../../dist/policy/index.js';
import { cidCodec, Steering } from '../../dist/quic/index.js';
import type { Action, RuleSet } from '../../dist/rules/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { describedFrame } from '../../dist/wire/index.js';
import { Batch, openXskSocket, Umem, type XskSocket } from '../../dist/xsk/index.js';
import { compile } from '../e2e/programs.js';
import { succeed } from '../e2e/running.js';
import { FarEnd } from '../kernel/far-end.js';
import { returning } from '../kernel/programs.js';
import { kernelIs } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { RulesBed } from './rules-bed.js';

const PIN = `/sys/fs/bpf/xdpkit-test-${process.pid}`;
const STEERING = `xdpkit-test-${process.pid}`;
const ACTIONS: Readonly<Record<string, Action>> = {
  unnamed: 'redirect',
  named: { redirect: { socket: 'quic' } },
  away: { redirect: { interface: 'port1' } },
  turned: 'l2-forward',
  handed: { program: PIN },
  limited: { limit: { packets: 1, burst: 10, within: 'l2-forward', over: 'drop' } },
  steered: { steer: STEERING },
  dropped: 'drop',
};
const NAMES = Object.keys(ACTIONS);
const portOf = (name: string): number => 5000 + NAMES.indexOf(name);
/** A rule for each action, by UDP port. */
const RULES: RuleSet = {
  rules: NAMES.map((name) => ({ name, match: { type: 'udp-dst', port: portOf(name) }, action: ACTIONS[name]! })),
};
const frameFor = (name: string, size = 100): Uint8Array =>
  describedFrame(`udp 10.9.0.1:4000 > 10.9.0.77:${portOf(name)} ${size} bytes`);

const codec = cidCodec({ codec: 'cidv1' });

let bed: RulesBed;
let rules: InstalledRules;
let port0: Link;
/** Where packets come from, and the far end of the other interface. */
let source: FarEnd;
let side: FarEnd;
/** A program that takes what port0 sends back. */
let woken: XdpLink;
let steering: Steering;

beforeAll(async () => {
  bed = new RulesBed();
  const sideNetns = bed.lab.namespace('side');
  bed.lab.veth({ name: 'port1', netns: bed.box, peer: { name: 'eth0', netns: sideNetns } });
  port0 = getLink('port0', { netns: bed.box });
  source = new FarEnd(getLink('eth0', { netns: bed.host }).index, bed.host);
  side = new FarEnd(getLink('eth0', { netns: sideNetns }).index, sideNetns);
  using program = await compile('mark-and-return');
  await succeed(['bpftool', 'prog', 'load', program.object, PIN]);
  const unnamed = { code: 'XDP_ERR_NO_PROGRAM', message: expect.stringContaining('no QUIC steering of this name') };
  await expect(installRules('port0', RULES, { netns: bed.box })).rejects.toMatchObject(unnamed);
  steering = Steering.load({ codec, queues: port0.queues });
  steering.pin(STEERING);
  rules = await installRules('port0', RULES, { netns: bed.box });
  // Before Linux 6.3 nobody can tell.
  const deaf = expect.stringMatching(/^port1 takes no redirected packets now/);
  if (kernelIs(6, 3)) expect(rules.notices).toContainEqual(deaf);
  expect(rules.notices).toContainEqual(expect.stringMatching(/^port0 is a veth: what it sends back/));
  await succeed(['ethtool', '-K', 'eth0', 'gro', 'on'], { netns: sideNetns });
  using pass = returning(XdpAction.pass);
  woken = withNamespace<XdpLink>(bed.host, () => XdpLink.attach(pass, getLink('eth0', { netns: bed.host }), 'native'));
}, patient(60_000));
afterAll(async () => {
  rules?.close();
  steering?.close();
  Steering.unpin(STEERING);
  woken?.close();
  source?.close();
  side?.close();
  bed?.[Symbol.dispose]();
  await succeed(['rm', '-f', PIN]);
});
// Hosts say other things as well when a link is new.
const isOurs = (frame: Uint8Array): boolean => frame.length === 100;
beforeEach(() => {
  source.received();
  side.received();
});

async function arrived(end: FarEnd, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const look = () => frames.push(...end.received().filter(isOurs));
  await expect.poll(() => look()).toBeGreaterThanOrEqual(count);
  // None too many.
  await sleep(50);
  look();
  return frames;
}

const statisticsOf = (name: string) => rules.statistics().find((rule) => rule.name === name)!;

/** What comes back with both MACs exchanged. */
function swapped(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy.set(frame.subarray(6, 12), 0);
  copy.set(frame.subarray(0, 6), 6);
  return copy;
}

test('redirect to AF_XDP sockets, named and not: the application has the packets, byte for byte', async () => {
  const names = ['unnamed', 'named'];
  // Without a socket they pass to the host.
  for (const name of names) source.send(frameFor(name));
  await expect.poll(() => names.map((name) => statisticsOf(name).packets)).toEqual([1, 1]);
  using umem = new Umem({ frames: 128 });
  const sizes = { rxSize: 64, txSize: 0, fillSize: 64, completionSize: 64 };
  using socket = withNamespace<XskSocket>(bed.box, () =>
    openXskSocket({ umem, interface: port0, queue: 0, zeroCopy: 'off', ...sizes }),
  );
  socket.rings.refill(64);
  const batch = new Batch(umem, 64);
  for (const [name, socketName] of [['unnamed'], ['named', 'quic']] as const) {
    using map = rules.socketMap(socketName);
    map!.update(u32(0), u32(socket.fd));
    for (let i = 0; i < 20; i++) source.send(frameFor(name));
    // Of another rule.
    source.send(frameFor('dropped'));
    const got: Uint8Array[] = [];
    await expect
      .poll(() => {
        const count = socket.receive(batch);
        for (let i = 0; i < count; i++) {
          const at = batch.addresses[i]!;
          got.push(umem.bytes.slice(at, at + batch.lengths[i]!));
          umem.pool.give(at);
        }
        return got.length;
      })
      .toBe(20);
    expect(got).toEqual(Array.from({ length: 20 }, () => frameFor(name)));
    expect(statisticsOf(name)).toMatchObject({ packets: 21, bytes: 2100 });
  }
  expect(rules.socketMap('nobody')).toBeUndefined();
});

test('redirect to another interface: packets leave there unchanged', async () => {
  for (let i = 0; i < 20; i++) source.send(frameFor('away'));
  expect(await arrived(side, 20)).toEqual(Array.from({ length: 20 }, () => frameFor('away')));
  expect(statisticsOf('away').packets).toBe(20);
});

test('l2-forward: packets come back with both MACs exchanged', async () => {
  for (let i = 0; i < 20; i++) source.send(frameFor('turned'));
  expect(await arrived(source, 20)).toEqual(Array.from({ length: 20 }, () => swapped(frameFor('turned'))));
});

test('program: one that clang has built and bpftool has pinned decides', async () => {
  source.send(frameFor('handed'));
  const marked = frameFor('handed');
  marked[5] = 0x77;
  expect(await arrived(source, 1)).toEqual([marked]);
  expect(statisticsOf('handed').packets).toBe(1);
});

test('steer: the backend that the connection ID names has the packets', async () => {
  const id = Buffer.from(codec.encode(7)).toString('hex');
  const frame = describedFrame(
    `udp 10.9.0.1:4000 > 10.9.0.77:${portOf('steered')} payload 40${id}${'5a'.repeat(40)} 100 bytes`,
  );
  const { slot } = steering.add({ id: 7 });
  steering.add({ id: 8 });
  using umem = new Umem({ frames: 128 });
  const sizes = { rxSize: 64, txSize: 0, fillSize: 64, completionSize: 64 };
  using socket = withNamespace<XskSocket>(bed.box, () =>
    openXskSocket({ umem, interface: port0, queue: 0, zeroCopy: 'off', ...sizes }),
  );
  socket.rings.refill(64);
  steering.setSocket(slot, 0, socket.fd);
  const batch = new Batch(umem, 64);
  for (let i = 0; i < 20; i++) source.send(frame);
  let got = 0;
  await expect
    .poll(() => {
      const count = socket.receive(batch);
      for (let i = 0; i < count; i++) {
        const at = batch.addresses[i]!;
        expect(umem.bytes.slice(at, at + batch.lengths[i]!)).toEqual(frame);
        umem.pool.give(at);
      }
      got += count;
      return got;
    })
    .toBe(20);
  expect(steering.statistics()).toMatchObject({ packets: 20, routed: 20, toSocket: 20 });
  expect(steering.backends()).toMatchObject([
    { id: 7, packets: 20, bytes: 2000 },
    { id: 8, packets: 0 },
  ]);
  expect(statisticsOf('steered').packets).toBe(20);
});

test('limit: the burst is within it, the rest is over it, and both are counted', async () => {
  for (let i = 0; i < 30; i++) source.send(frameFor('limited'));
  const back = await arrived(source, 10);
  // One packet a second may go on while they are sent.
  expect(back.length).toBeLessThan(15);
  expect(back).toEqual(back.map(() => swapped(frameFor('limited'))));
  const over = 30 - back.length;
  expect(statisticsOf('limited')).toMatchObject({
    packets: 30,
    bytes: 3000,
    over: { packets: over, bytes: over * 100 },
  });
});
