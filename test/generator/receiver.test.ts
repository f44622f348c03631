// needs: ping
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  FrameWriter,
  type GeneratorOptions,
  parseFrameFields,
  planFrames,
  type ReceiveCounts,
  Receiver,
  type ReceiverOptions,
} from '../../dist/generator/index.js';
import { addAddress, deleteLink, getLink } from '../../dist/netdev/index.js';
import { encodeFrame, type Frame } from '../../dist/wire/index.js';
import type { FarEnd } from '../kernel/far-end.js';
import { testFrame } from '../kernel/far-end.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { FAR, NEAR, WirePair } from './wire-pair.js';

failOnLeaks();
let pair: WirePair;
afterEach(() => pair[Symbol.dispose]());

/** Receives on the far end. */
const open = (options: Partial<ReceiverOptions> = {}) =>
  Receiver.open({ interface: FAR, netns: pair.farNetns, ...options });
const received = (receiver: Receiver, frames: number) =>
  expect.poll(() => receiver.sample().frames, { interval: 5, timeout: patient(10_000) }).toBeGreaterThanOrEqual(frames);
const code = (name: string, message = /./) =>
  expect.objectContaining({ code: name, message: expect.stringMatching(message) });

describe('between a generator and a receiver', () => {
  const kinds: [GeneratorOptions['traffic'], Partial<GeneratorOptions>][] = [
    [{}, {}],
    [{}, { engine: 'live' }],
    [{ vlan: ['5-9', 7], protocol: 'tcp', source: '10.0.0.0/24' }, {}],
    [{ vlan: ['5-9', 7], protocol: 'tcp', source: '10.0.0.0/24' }, { engine: 'live' }],
    [{ source: '2001:db8::/64', protocol: 'icmp', size: '91:3,200:1,1000:2' }, {}],
    [{ source: '2001:db8::/64', protocol: 'icmp', size: '91:3,200:1,1000:2' }, { engine: 'live' }],
    [{ protocol: 'quic', connectionId: 'random:c0ff000000000000/16', size: 1242 }, {}],
    [{ protocol: 'quic', quicPacket: 'handshake', vlan: 3, size: 'random:120:1,180:1' }, { engine: 'live' }],
  ];
  test.each(kinds)('%j %j: every frame arrives, measured', async (traffic, options) => {
    pair = new WirePair();
    await using receiver = await open();
    const measure = { payload: 'measure', stream: 5, rate: '10k', count: 400 };
    const sent = await pair.send({ ...traffic, ...measure }, options);
    await received(receiver, 400);
    const counts = await receiver.close();
    expect(counts).toMatchObject({ frames: 400, bytes: sent.bytes, unmeasured: 0, clockErrors: 0, dropped: 0 });
    expect(counts.streams).toEqual([
      { stream: 5, frames: 400, lowest: 0, highest: 399, lost: 0, duplicates: 0, reordered: 0, tooOld: 0 },
    ]);
    const { min, p50, p90, p99, p999, max, frames } = counts.latency!;
    expect(frames).toBe(400);
    expect([min, p50, p90, p99, p999, max]).toEqual([min, p50, p90, p99, p999, max].toSorted((a, b) => a - b));
    expect(min).toBeGreaterThan(100);
    expect(max).toBeLessThan(10e9);
  });

  test('several queues and workers: the losses are those of all of them', async () => {
    pair = new WirePair({ queues: 3 });
    await using receiver = await open({ workers: 2 });
    expect(receiver.workers).toBe(2);
    await pair.send({ payload: 'measure', rate: '10k', count: 301 }, { workers: 3 });
    await received(receiver, 301);
    const { streams } = await receiver.close();
    expect(streams).toMatchObject([{ frames: 301, lowest: 0, highest: 300, lost: 0, duplicates: 0, reordered: 0 }]);
  });

  test('faster than it can be taken: what is lost, and what the kernel dropped', async () => {
    pair = new WirePair();
    await using receiver = await open();
    const sent = await pair.send({ payload: 'measure', count: 300_000 }, { engine: 'live' });
    let counts: ReceiveCounts | undefined;
    await expect
      .poll(
        async () => {
          const before = counts?.frames;
          counts = receiver.sample();
          return counts.frames > 0 && counts.frames === before;
        },
        { interval: 100, timeout: patient(10_000) },
      )
      .toBe(true);
    const [{ frames, lost, lowest, highest }] = (await receiver.close()).streams as [ReceiveCounts['streams'][0]];
    expect(frames + lost).toBe(highest - lowest + 1);
    expect(highest).toBeLessThan(sent.frames);
  });
});

describe('what comes in from elsewhere', () => {
  let wire: FarEnd;
  beforeEach(() => {
    pair = new WirePair({ addresses: ['10.9.0.2/24'] });
  });

  /** Receives on the near end, whose wire is held by the far one. */
  const openNear = (options: Partial<ReceiverOptions> = {}) =>
    Receiver.open({ interface: NEAR, netns: pair.netns, ...options });
  const frames = (description: object) => {
    const memory = new Uint8Array(2048);
    const fields = parseFrameFields({ payload: 'measure', ...description }, String);
    const writer = new FrameWriter(planFrames(fields), memory);
    return (n: number) => memory.slice(0, writer.write(n, 0, Number(process.hrtime.bigint())));
  };

  test('losses, order and duplicates as they were made', async () => {
    wire = pair.farEnd();
    using _ = wire;
    await using receiver = await openNear();
    const [one, two] = [frames({ stream: 1 }), frames({ stream: 2, source: '2001:db8::1' })];
    for (const n of [5, 6, 9, 8, 8, 10, 7, 20]) wire.send(one(n));
    for (const n of [0, 1, 2]) wire.send(two(n));
    await received(receiver, 11);
    expect((await receiver.close()).streams).toEqual([
      { stream: 1, frames: 8, lowest: 5, highest: 20, lost: 9, duplicates: 1, reordered: 2, tooOld: 0 },
      { stream: 2, frames: 3, lowest: 0, highest: 2, lost: 0, duplicates: 0, reordered: 0, tooOld: 0 },
    ]);
  });

  test('all other frames go on to the host, whatever they are', async () => {
    addAddress(NEAR, '10.9.0.1/24', { netns: pair.netns });
    wire = pair.farEnd();
    using _ = wire;
    await using receiver = await openNear();
    run('ping -c 2 -i 0.2 -W 2 10.9.0.1', pair.farNetns);
    const ethernet = { destination: '02:00:00:00:00:02', source: '02:00:00:00:00:01' };
    const ipv4 = { kind: 'ipv4', source: '10.9.0.2', destination: '10.9.0.1' } as const;
    const udp = { kind: 'udp', sourcePort: 1, destinationPort: 2 } as const;
    const others: Frame[] = [
      { ethernet, network: ipv4, transport: udp },
      { ethernet, network: ipv4, transport: udp, payload: new Uint8Array(23) },
      { ethernet, vlan: [{ id: 1 }, { id: 2 }], network: ipv4, transport: udp, payload: new Uint8Array(24) },
      { ethernet, network: { ...ipv4, kind: 'ipv6', source: '::1', destination: '::2' }, transport: udp },
    ];
    for (const frame of others) wire.send(encodeFrame(frame));
    for (let length = 16; length < 80; length++) wire.send(testFrame(length, length));
    // What says that it is longer than it is.
    const cut = frames({})(3);
    wire.send(cut.subarray(0, cut.length - 1));
    wire.send(frames({})(4));
    await received(receiver, 1);
    expect(await receiver.close()).toMatchObject({ frames: 1, unmeasured: 0, streams: [{ lowest: 4, highest: 4 }] });
  });

  test('all frames, where that is asked for: then the host gets none', async () => {
    addAddress(NEAR, '10.9.0.1/24', { netns: pair.netns });
    wire = pair.farEnd();
    using _ = wire;
    await using receiver = await openNear({ all: true });
    const before = receiver.sample().frames;
    for (let i = 0; i < 20; i++) wire.send(testFrame(i, 60));
    wire.send(frames({})(0));
    await received(receiver, before + 21);
    expect(() => run('ping -c 1 -W 1 10.9.0.1', pair.farNetns)).toThrow();
    const counts = await receiver.close();
    expect(counts.unmeasured).toBe(counts.frames - 1);
    run('ping -c 1 -W 2 10.9.0.1', pair.farNetns);
  });

  test('the interface is given back as it was', async () => {
    wire = pair.farEnd();
    using _ = wire;
    const receiver = await openNear();
    expect(getLink(NEAR, { netns: pair.netns }).xdp).toMatchObject([{ mode: 'native' }]);
    await receiver.close();
    await receiver.close();
    expect(getLink(NEAR, { netns: pair.netns }).xdp).toEqual([]);
    await (await openNear({ mode: 'generic' })).close();
  });

  test('what can not be has a name', async () => {
    await expect(openNear({ workers: 2 })).rejects.toThrow(code('XDP_ERR_USAGE', /RX queues of port0/));
    await expect(openNear({ interface: 'nope' })).rejects.toThrow(code('XDP_ERR_NO_INTERFACE'));
    await expect(openNear({ cpus: [4095] })).rejects.toThrow(code('XDP_ERR_USAGE', /no processor 4095/));
    await using first = await openNear();
    await expect(openNear()).rejects.toThrow(code('XDP_ERR_FOREIGN_PROGRAM', /xdpkit_receive/));
    deleteLink(NEAR, { netns: pair.netns });
    await expect(first.failed).rejects.toThrow(code('XDP_ERR_INTERFACE_GONE'));
  });
});
