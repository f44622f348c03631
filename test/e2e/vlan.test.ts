import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Capture } from './capture.js';
import { COMPILER, compile } from './programs.js';
import { succeed } from './running.js';
import { sendByScapy } from './scapy.js';
import { TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { copyOverTcp, iperfUdp, pingAll } from './traffic.js';

let bed: TestBed;
let before: object;
beforeEach(() => {
  bed = new TestBed([1, 1]);
  before = bed.state();
});
afterEach(() => bed.close());

const modes = ['native', 'generic'] as const;

const FRAMES = `[Ether(src='02:00:00:00:00:aa', dst='02:00:00:00:00:bb') / tags
  / IP(src='192.0.2.1', dst='192.0.2.2') / UDP(sport=1, dport=2) / Raw((bytes(range(256)) * 6)[:length])
  for tags, length in [
    (Dot1Q(vlan=10, prio=5), 100),
    (Dot1Q(vlan=4094), 1472),
    (Dot1Q(vlan=0, prio=7), 18),
    (Dot1Q(vlan=1) / Dot1Q(vlan=2), 1468),
    (Dot1AD(vlan=100) / Dot1Q(vlan=10), 100),
    (Dot1AD(vlan=100) / Dot1Q(vlan=10), 1464),
  ]]`;

describe.each(modes)('frames that were sent with their tags, %s mode', (mode) => {
  test('single and double tags arrive byte for byte, both ways', async (context) => {
    needTools(context, 'tcpdump', 'python3-scapy');
    await using bridge = await bed.bridge('--mode', mode);
    await Promise.all(
      [0, 1].map(async (from) => {
        await using capture = await Capture.start(bed.hosts[1 - from]!, 'eth0', 'ether src 02:00:00:00:00:aa');
        const sent = await sendByScapy(bed.hosts[from]!, FRAMES);
        // The largest that a host with an MTU of 1500 lets out: with the Ethernet header and one tag.
        expect(Math.max(...sent.map(({ length }) => length))).toBe(1518);
        const arrived = await capture.frames(sent.length);
        expect(arrived.map((frame) => frame.toString('hex'))).toEqual(sent.map((frame) => frame.toString('hex')));
      }),
    );
    await bridge.stop();
    expect(bed.state()).toEqual(before);
  });
});

/**
 * Makes a host's own frames tagged with VLAN 10. The tag is beside the packet, in the skb's metadata, and not in it:
 * just where a VLAN device or a filtering bridge puts it, which not every kernel has.
 */
async function tagEverything(netns: string, object: string): Promise<void> {
  const steps = [
    'tc qdisc add dev eth0 clsact',
    `tc filter add dev eth0 egress bpf direct-action object-file ${object} section tag`,
    `tc filter add dev eth0 ingress bpf direct-action object-file ${object} section untag`,
  ];
  for (const step of steps) await succeed(step.split(' '), { netns });
}

const TOOLS = [...COMPILER, 'tc', 'ping'];

describe.each(modes)('tags that a host makes in the metadata, %s mode', (mode) => {
  beforeEach(async (context) => {
    needTools(context, ...TOOLS);
    using program = await compile('host-vlan');
    for (const host of bed.hosts) await tagEverything(host, program.object);
  });

  test('stand in the frames at the far side, both ways, up to the largest', async (context) => {
    needTools(context, 'tcpdump');
    await using bridge = await bed.bridge('--mode', mode);
    await using left = await Capture.start(bed.hosts[0], 'eth0', 'vlan');
    await using right = await Capture.start(bed.hosts[1], 'eth0', 'vlan');
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 10);
    await pingAll(bed.hosts[0], bed.addresses[1].v6, 10);
    await pingAll(bed.hosts[1], bed.addresses[0].v4, 10, { options: ['-s', '1472', '-M', 'do'] });
    for (const capture of [left, right]) {
      const frames = await capture.frames(30);
      expect(frames.length).toBeGreaterThanOrEqual(30);
      for (const frame of frames) {
        expect(frame.readUInt16BE(12)).toBe(0x8100);
        expect(frame.readUInt16BE(14) & 0xfff).toBe(10);
      }
      expect(Math.max(...frames.map(({ length }) => length))).toBe(1518);
    }
    await bridge.stop();
    expect(bed.state()).toEqual(before);
  });

  test('UDP and TCP with tags', async (context) => {
    needTools(context, 'iperf3');
    await using bridge = await bed.bridge('--mode', mode);
    const to = { netns: bed.hosts[1], address: bed.addresses[1].v6 };
    expect(await iperfUdp(bed.hosts[0], to, '-b', '50M', '-t', '1')).toMatchObject({ lost: 0 });
    const { sent, received } = await copyOverTcp(bed.hosts[0], to, 8 << 20);
    expect(received).toBe(sent);
    await bridge.stop();
  });
});
