// needs: ip, ping
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, deleteLink, getFeatures, getLink, type Lab, setLink } from '../../dist/netdev/index.js';
import { type OpenInterfaceOptions, openInterface, type PacketInterface } from '../../dist/pipeline/index.js';
import { hasFragments } from '../../dist/xsk/index.js';
import { FarEnd, testFrame } from '../kernel/far-end.js';
import { failOnLeaks, run } from '../netdev/oracle.js';

failOnLeaks();
let lab: Lab;
let netns: string;
let far: FarEnd;
let farNetns: string;

beforeEach(() => {
  lab = createLab('interface');
  netns = lab.namespace('near');
  const port = { name: 'port0', netns };
  farNetns = lab.host('far', { addresses: ['10.5.0.1/24'], port }).netns;
  run(`ip -n ${netns} addr add 10.5.0.2/24 dev port0`);
  far = new FarEnd(getLink('eth0', { netns: farNetns }).index, farNetns);
});
afterEach(() => {
  far.close();
  lab.close();
});

const open = (options: Partial<OpenInterfaceOptions> = {}): PacketInterface =>
  openInterface('port0', { netns, ring: 64, ...options });
const code = (name: string) => expect.objectContaining({ code: name });
const arrived = async (count: number): Promise<Uint8Array[]> => {
  const frames: Uint8Array[] = [];
  await expect.poll(() => frames.push(...far.received()), { interval: 2 }).toBeGreaterThanOrEqual(count);
  return frames;
};
const ping = () => run('ping -c 1 -W 1 10.5.0.2', farNetns);

describe('packets', () => {
  test('come as copies, in order, until the loop is left; then the host has them again', async () => {
    using port = open();
    ping();
    const sent = Array.from({ length: 100 }, (_, i) => testFrame(i, 60 + i * 10));
    const received: Uint8Array[] = [];
    const reading = (async () => {
      for await (const packet of port.packets()) {
        expect(packet.queue).toBe(0);
        if (received.push(packet.bytes) === sent.length) break;
      }
    })();
    for (let i = 0; i < sent.length; i += 20) {
      for (const frame of sent.slice(i, i + 20)) far.send(frame);
      await expect.poll(() => received.length, { interval: 2 }).toBe(i + 20);
    }
    await reading;
    expect(received).toEqual(sent);
    expect(port.counts()).toMatchObject({ rxPackets: 100, callback: 100, callbackError: 0, kernelRxRingFull: 0 });
    expect(port.missed).toBe(0);
    ping();
  });

  test('end when the interface is closed, after those that have come', async () => {
    const port = open();
    const lengths: number[] = [];
    const reading = (async () => {
      for await (const packet of port.packets()) lengths.push(packet.bytes.length);
    })();
    await expect.poll(() => [...port.device.sockets.entries()].length).toBe(1);
    far.send(testFrame(1, 70));
    await expect.poll(() => lengths).toEqual([70]);
    port.close();
    await reading;
    port.close();
    expect(() => port.onPacket(() => -1)).toThrow(code('XDP_ERR_CLOSED'));
    expect(() => port.send(testFrame(1, 60))).toThrow(code('XDP_ERR_CLOSED'));
  });

  test('end with the reason of a signal', async () => {
    using port = open();
    const controller = new AbortController();
    const reason = new Error('enough');
    const next = port.packets({ signal: controller.signal }).next();
    setTimeout(() => controller.abort(reason), 20);
    await expect(next).rejects.toBe(reason);
    expect([...port.device.sockets.entries()]).toEqual([]);
    await expect(port.packets({ signal: controller.signal }).next()).rejects.toBe(reason);
  });
});

describe('a callback', () => {
  test('sends a changed packet back, and drops another', async () => {
    using port = open();
    port.onPacket((packet, ingress, queue) => {
      expect([ingress, queue]).toEqual([0, 0]);
      if (packet.u8(20) === 1) return -1;
      packet.setU16(18, 0xbeef);
      return 0;
    });
    const frames = [0, 1, 2].map((kind) => {
      const frame = testFrame(kind, 100);
      frame[20] = kind;
      return frame;
    });
    for (const frame of frames) far.send(frame);
    const back = await arrived(2);
    for (const frame of frames) frame.set([0xbe, 0xef], 18);
    expect(back).toEqual([frames[0], frames[2]]);
    port.onPacket(undefined);
    ping();
  });
});

test('an interface that is deleted ends its packets with an error', async () => {
  using port = open();
  const reading = (async () => {
    for await (const packet of port.packets()) expect(packet.queue).toBe(0);
  })();
  deleteLink('port0', { netns });
  await expect(reading).rejects.toThrow(code('XDP_ERR_INTERFACE_GONE'));
  expect(() => port.send(testFrame(1, 60))).toThrow(code('XDP_ERR_INTERFACE_GONE'));
});

test('send puts frames on the wire, whether or not anybody reads', async () => {
  using port = open();
  const frames = Array.from({ length: 200 }, (_, i) => testFrame(i, 60 + i));
  const out: Uint8Array[] = [];
  for (const frame of frames) {
    expect(port.send(frame)).toBe(true);
    out.push(...far.received());
  }
  if (out.length < 200) out.push(...(await arrived(200 - out.length)));
  expect(out).toEqual(frames);
  for (const length of [0, 2049]) expect(() => port.send(new Uint8Array(length))).toThrow(code('XDP_ERR_USAGE'));
});

test.runIf(hasFragments())('an MTU of 9000: packets of several frames, there and back (Linux 6.6)', async () => {
  setLink('eth0', { mtu: 9000 }, { netns: farNetns });
  setLink('port0', { mtu: 9000 }, { netns });
  for (const frameSize of [undefined, 2048, 3000]) {
    using port = open({ frameSize });
    const frames = [9014, 60, 3841, 3840, 9000].map((length, i) => testFrame(i, length));
    const received: Uint8Array[] = [];
    const reading = (async () => {
      for await (const packet of port.packets()) if (received.push(packet.bytes) === frames.length) break;
    })();
    await expect.poll(() => [...port.device.sockets.entries()].length).toBe(1);
    for (const frame of frames) far.send(frame);
    await reading;
    expect(received).toEqual(frames);
    far.received();
    for (const frame of frames) expect(port.send(frame)).toBe(true);
    expect(await arrived(frames.length)).toEqual(frames);
    expect(() => port.send(new Uint8Array(17 * 4096 + 1))).toThrow(code('XDP_ERR_USAGE'));
    expect(port.counts()).toMatchObject({ rxPackets: frames.length, kernelRxDropped: 0 });
  }
});

test('leaves everything as it was, also when it can not be opened', async () => {
  // Linux 6.1 tells of a new link's state up to a second late (net/core/link_watch.c).
  await expect.poll(() => getLink('port0', { netns }).state).toBe('up');
  const state = () => ({
    link: getLink('port0', { netns }),
    features: Object.fromEntries(getFeatures('port0', { netns })),
    far: Object.fromEntries(getFeatures('eth0', { netns: farNetns })),
  });
  const before = state();
  open({ promiscuous: true }).close();
  expect(state()).toEqual(before);
  expect(() => open({ queues: [1] })).toThrow(code('XDP_ERR_NO_QUEUE'));
  expect(() => open({ queues: [0, 0] })).toThrow();
  expect(() => open({ zeroCopy: 'on' })).toThrow(code('XDP_ERR_ZEROCOPY_UNSUPPORTED'));
  expect(() => open({ ring: 100 })).toThrow();
  expect(state()).toEqual(before);
});
