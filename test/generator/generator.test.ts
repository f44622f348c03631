import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  FrameWriter,
  Generator,
  type GeneratorOptions,
  parseFrameFields,
  planFrames,
  type TrafficDescription,
} from '../../dist/generator/index.js';
import { deleteLink, getLink, listNamespaces, setFeatures, setLink } from '../../dist/netdev/index.js';
import { pcapHeader, pcapRecord } from '../../dist/wire/index.js';
import type { FarEnd } from '../kernel/far-end.js';
import { failOnLeaks, needKernel } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { withFile } from '../wire/tshark.js';
import { FAR, NEAR, WirePair } from './wire-pair.js';

failOnLeaks();
let pair: WirePair;
let far: FarEnd;
afterEach(() => {
  far?.close();
  pair?.[Symbol.dispose]();
});
const open = (options: Partial<GeneratorOptions> & { traffic: TrafficDescription }) =>
  Generator.open({ interface: NEAR, netns: pair.netns, ...options });
const code = (name: string, message = /./) =>
  expect.objectContaining({ code: name, message: expect.stringMatching(message) });
const text = (frame: Uint8Array) => Buffer.from(frame).toString('hex');

/** Frames as the writer makes them, with the addresses that a veth's generator fills in. */
function expectedFrames(description: TrafficDescription, count: number): string[] {
  const macs = {
    sourceMac: getLink(NEAR, { netns: pair.netns }).mac,
    destinationMac: getLink(FAR, { netns: pair.farNetns }).mac,
  };
  const memory = new Uint8Array(4096);
  const writer = new FrameWriter(planFrames(parseFrameFields({ ...macs, ...description }, String)), memory);
  return Array.from({ length: count }, (_, n) => text(memory.subarray(0, writer.write(n, 0))));
}

async function arrived(count: number): Promise<string[]> {
  const frames: string[] = [];
  await expect
    .poll(() => frames.push(...far.received().map(text)), { interval: 5, timeout: patient(10_000) })
    .toBeGreaterThanOrEqual(count);
  return frames;
}

describe.each(['xsk', 'live'] as const)('%s', (engine) => {
  let pass: Disposable;
  beforeEach(() => {
    pair = new WirePair();
    pass = pair.takeLiveFrames();
    far = pair.farEnd();
  });
  afterEach(() => pass[Symbol.dispose]());

  const descriptions: TrafficDescription[] = [
    {},
    { source: '10.0.0.0/24', sourcePort: '1000-1099', destinationPort: 'random:1-9' },
    { source: '2001:db8::/64', protocol: 'tcp', size: '74:3,500:2,1514:1', payload: 'pattern' },
    { protocol: 'quic', connectionId: 'random:0000000000000000/0', size: 'random:100:1,700:1', seed: 3 },
  ];
  test.each(descriptions)('%j: what arrives is what was described, in order', async (description) => {
    const sent = await pair.send({ ...description, count: 300, rate: '20k' }, { engine });
    const expected = expectedFrames(description, 300);
    expect(sent).toMatchObject({ frames: 300, skipped: 0 });
    expect(sent.bytes).toBe(expected.reduce((sum, frame) => sum + frame.length / 2, 0));
    expect(await arrived(300)).toEqual(expected);
  });

  test('the count is exact, whatever the rate and the batch', async () => {
    for (const [count, batch] of [
      [1, 64],
      [65, 64],
      [10_007, 1],
      [10_007, 256],
    ] as const) {
      const sent = await pair.send({ count }, { engine, batch });
      expect(sent.frames).toBe(count);
    }
    expect((await pair.send({ count: 1000, rate: '3.3Mbit' }, { engine })).frames).toBe(1000);
  });

  test('a rate is not exceeded', async () => {
    const frames = await pair.send({ count: 501, rate: 5000 }, { engine });
    expect(frames.seconds).toBeGreaterThan(0.099);
    const bits = await pair.send({ count: 101, rate: '8Mbit', size: 1000 }, { engine });
    expect(bits.seconds).toBeGreaterThan(0.099);
  });

  test('it ends after its duration, and when it is stopped; samples grow', async () => {
    const sent = await pair.send({ duration: '150ms', rate: '10k' }, { engine });
    expect(sent.frames).toBeGreaterThan(1);
    expect(sent.seconds).toBeGreaterThan(0.1);

    await using generator = await open({ engine, traffic: { rate: '10k' } });
    expect(generator.sample()).toMatchObject({ frames: 0, seconds: 0 });
    generator.start();
    generator.start();
    await expect.poll(() => generator.sample().frames, { interval: 5 }).toBeGreaterThan(10);
    const before = generator.sample();
    await expect.poll(() => generator.sample().frames, { interval: 5 }).toBeGreaterThan(before.frames);
    generator.stop();
    await generator.finished;
    const last = await generator.close();
    expect(last.frames).toBe((await generator.close()).frames);
  });

  test('closed before it began, it sends nothing', async () => {
    const generator = await open({ engine, traffic: {} });
    await generator.close();
    expect(generator.sample().frames).toBeLessThan(5000);
    expect(far.received().length).toBe(generator.sample().frames);
  });

  test('an interface that goes away ends it with a name', async () => {
    await using generator = await open({ engine, traffic: { rate: 1000 } });
    generator.start();
    await expect.poll(() => generator.sample().frames, { interval: 5 }).toBeGreaterThan(0);
    deleteLink(NEAR, { netns: pair.netns });
    await expect(generator.finished).rejects.toThrow(code('XDP_ERR_INTERFACE_GONE'));
  });

  test('nothing is left behind', async () => {
    const ours = () => listNamespaces().filter((name) => name.startsWith(`xdpkit-${process.pid}-`));
    const before = ours();
    await pair.send({ count: 10 }, { engine });
    expect(ours()).toEqual(before);
    expect(getLink(NEAR, { netns: pair.netns }).xdp).toEqual([]);
  });

  test('what can not be is told before anything is sent', async () => {
    const refused = (traffic: TrafficDescription, options: Partial<GeneratorOptions> = {}) =>
      open({ engine, traffic, ...options });
    await expect(refused({ sourcePort: 'x' })).rejects.toThrow(code('XDP_ERR_USAGE', /^sourcePort: /));
    await expect(refused({}, { interface: 'nope' })).rejects.toThrow(code('XDP_ERR_NO_INTERFACE'));
    await expect(refused({}, { batch: 257 })).rejects.toThrow(code('XDP_ERR_USAGE', /1 to 256 frames/));
    await expect(refused({}, { workers: 0 })).rejects.toThrow(code('XDP_ERR_USAGE', /1 to 1024 workers/));
    await expect(refused({}, { cpus: [4095] })).rejects.toThrow(code('XDP_ERR_USAGE', /no processor 4095/));
    setLink(NEAR, { up: false }, { netns: pair.netns });
    await expect(refused({})).rejects.toThrow(code('XDP_ERR_INTERFACE_DOWN'));
  });
});

test('live frames that nobody would take are refused', async (context) => {
  needKernel(context, 6, 3);
  pair = new WirePair();
  const refused = code('XDP_ERR_NATIVE_UNSUPPORTED', /takes no live frames/);
  await expect(open({ engine: 'live', traffic: {} })).rejects.toThrow(refused);
  setFeatures(FAR, { 'rx-gro': true }, { netns: pair.farNetns });
  expect((await pair.send({ count: 10 }, { engine: 'live' })).frames).toBe(10);
});

describe('xsk', () => {
  test('several workers share queues, count and rate: every frame once', async () => {
    pair = new WirePair({ queues: 2 });
    far = pair.farEnd();
    const description = { source: '10.0.0.0/16' };
    const sent = await pair.send({ ...description, count: 501, rate: '20k' }, { workers: 2 });
    expect(sent.frames).toBe(501);
    const frames = await arrived(501);
    expect(frames.toSorted()).toEqual(expectedFrames(description, 501).toSorted());
    await expect(open({ traffic: {}, workers: 3 })).rejects.toThrow(code('XDP_ERR_NO_QUEUE', /3 workers/));
  });

  test('frames of more than a frame of memory: up to the MTU', async () => {
    pair = new WirePair({ mtu: 3500 });
    far = pair.farEnd();
    await pair.send({ size: '3000-3514+257', count: 30, rate: '5k' });
    expect(await arrived(30)).toEqual(expectedFrames({ size: '3000-3514+257' }, 30));
    await expect(open({ traffic: { size: 3515 } })).rejects.toThrow(code('XDP_ERR_USAGE', /too long for port0/));
  });

  const replayed = Array.from({ length: 50 }, (_, i) => new Uint8Array(60 + i).fill(i));
  const capture = Buffer.concat([
    pcapHeader(),
    ...replayed.map((bytes, i) => {
      const { length } = bytes;
      return pcapRecord({ bytes, offset: 0, length, originalLength: length, seconds: 1, nanoseconds: i * 2_000_000 });
    }),
  ]);

  test('a capture is replayed: with its times, or at a rate, as often as asked', async () => {
    pair = new WirePair();
    far = pair.farEnd();
    await withFile(capture, async (replay) => {
      const timed = await pair.send({ replay });
      expect(timed).toMatchObject({ frames: 50, bytes: replayed.reduce((sum, { length }) => sum + length, 0) });
      expect(timed.seconds).toBeGreaterThan(0.097);
      expect(await arrived(50)).toEqual(replayed.map(text));
      const paced = await pair.send({ replay, loop: 0, count: 130, rate: '20k' });
      expect(paced.frames).toBe(130);
      expect(await arrived(130)).toEqual(Array.from({ length: 130 }, (_, i) => text(replayed[i % 50]!)));
    });
  });

  test('a damaged capture ends it with a name, after the frames before', async () => {
    pair = new WirePair();
    far = pair.farEnd();
    await withFile(capture, async (replay) => {
      writeFileSync(replay, capture.subarray(0, -1));
      await expect(pair.send({ replay, rate: '20k' })).rejects.toThrow(code('XDP_ERR_CAPTURE', /ends within a packet/));
      expect((await arrived(1)).length).toBeGreaterThan(0);
      await expect(open({ traffic: { replay: `${replay}.none` } })).rejects.toThrow(code('XDP_ERR_USAGE'));
      await expect(open({ traffic: { replay }, workers: 2 })).rejects.toThrow(code('XDP_ERR_USAGE', /one worker/));
      await expect(open({ traffic: { replay }, engine: 'live' })).rejects.toThrow(code('XDP_ERR_USAGE', /described/));
    });
  });

  test('an interface that is set down while it sends', async () => {
    pair = new WirePair();
    await using generator = await open({ traffic: { rate: 1000 } });
    generator.start();
    await expect.poll(() => generator.sample().frames, { interval: 5 }).toBeGreaterThan(0);
    setLink(NEAR, { up: false }, { netns: pair.netns });
    await expect(generator.finished).rejects.toThrow(code('XDP_ERR_INTERFACE_DOWN'));
  });

  test('without a peer or a neighbour somebody has to say who is at the other end', async () => {
    pair = new WirePair();
    setLink('lo', { up: true }, { netns: pair.netns });
    const traffic = { destination: '127.0.0.1' };
    await expect(open({ interface: 'lo', traffic })).rejects.toThrow(code('XDP_ERR_USAGE', /other end of lo/));
    await using generator = await open({
      interface: 'lo',
      traffic: { ...traffic, destinationMac: '02:00:00:00:00:09' },
    });
    expect(generator.traffic.rate).toEqual({ unit: 'max' });
  });
});
