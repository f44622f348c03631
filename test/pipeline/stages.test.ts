// needs: ip, ping
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { EtherTypeTable } from '../../dist/pipeline/ether-type-table.js';
import { Bridge, type BridgeOptions, type BridgeSummary } from '../../dist/pipeline/index.js';
import { MacTable } from '../../dist/pipeline/mac-table.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();
const PORTS = ['port0', 'port1'];
let lab: Lab;
let netns: string;
let hosts: string[];
beforeEach(() => {
  lab = createLab('stages');
  netns = lab.namespace('bridge');
  hosts = PORTS.map((name, i) => {
    const addresses = [`10.8.0.${i + 1}/24`];
    return lab.host(`host${i}`, { addresses, port: { name, netns } }).netns;
  });
});
afterEach(() => lab.close());

const macOf = (i: number) => getLink('eth0', { netns: hosts[i]! }).mac;

/** Losses and round-trip times in milliseconds. */
async function ping(
  ...options: string[]
): Promise<{ lost: number; received: number; median: number; duplicates: number }> {
  const args = ['netns', 'exec', hosts[0]!, 'ping', '-W', '1', ...options, '10.8.0.2'];
  const { stdout } = await promisify(execFile)('ip', args, { timeout: 25_000 }).catch((error) => error);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!;
  const times = [...stdout.matchAll(/time=([\d.]+) ms(?! \(DUP)/g)]
    .map(([, time]) => Number(time))
    .sort((a, b) => a - b);
  const duplicates = [...stdout.matchAll(/DUP!/g)].length;
  return {
    lost: Number(sent) - Number(received),
    received: Number(received),
    median: times[times.length >> 1]!,
    duplicates,
  };
}
function expectWhole({ audits, last }: BridgeSummary): void {
  for (const { frames, free, inRings, inKernel, lost, duplicated } of audits) {
    expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
    expect(free + inRings + inKernel).toBe(frames);
  }
  expect(last.workers.map(({ lostFrames }) => lostFrames)).toEqual(last.workers.map(() => 0));
}

describe.each([{ ledger: true }, { ledger: false }])(
  'stages switched while packets flow, ledger $ledger',
  (options) => {
    const open = (more: Partial<BridgeOptions> = {}) =>
      Bridge.open({ interfaces: PORTS, netns, ring: 512, ...options, ...more });

    test('source addresses and EtherTypes are counted from then on', async () => {
      const bridge = await open();
      await ping('-c', '3', '-i', '0.1');
      const { statistics } = bridge.pipeline.place;
      expect(new MacTable(statistics[0]!.macs).read()).toEqual([]);
      bridge.pipeline.settings.set('statistics', 1);
      const before = Date.now();
      expect((await ping('-c', '5', '-i', '0.1')).lost).toBe(0);
      const [first] = new MacTable(statistics[0]!.macs).read();
      expect(first).toMatchObject({ mac: macOf(0), packets: expect.any(Number), bytes: expect.any(Number) });
      expect(first!.packets).toBeGreaterThanOrEqual(5);
      expect(first!.lastSeen).toBeGreaterThanOrEqual(before);
      const types = new EtherTypeTable(statistics[1]!.etherTypes).read();
      expect(types.find(({ etherType }) => etherType === 0x0800)).toMatchObject({ level: 0, lastSource: macOf(1) });
      expectWhole(await bridge.close());
    });

    test('the drop set drops what comes from or goes to an address, and counts it', async () => {
      const bridge = await open();
      await ping('-c', '2', '-i', '0.1');
      bridge.pipeline.drops.insert(macOf(1));
      expect((await ping('-c', '4', '-i', '0.1')).received).toBe(0);
      expect(bridge.sample().ports[0]!.total.dropSet).toBeGreaterThanOrEqual(4);
      bridge.pipeline.drops.reset();
      expect((await ping('-c', '4', '-i', '0.1')).lost).toBe(0);
      expectWhole(await bridge.close());
    });

    test('drop, delay, duplication: as ping sees them', async () => {
      const bridge = await open();
      await ping('-c', '2', '-i', '0.1');
      const { faults } = bridge.pipeline;
      faults.set('enabled', 1, 0);
      faults.set('dropProbability', 1000);
      expect((await ping('-c', '4', '-i', '0.1')).received).toBe(0);
      expect(bridge.sample().ports[0]!.total.faultDrop).toBeGreaterThanOrEqual(4);
      faults.set('dropProbability', 0);
      faults.set('delay', 80_000, 0);
      const delayed = await ping('-c', '5', '-i', '0.2');
      expect(delayed.lost).toBe(0);
      expect(delayed.median).toBeGreaterThan(79);
      faults.set('delay', 0, 0);
      faults.set('duplicateProbability', 100_000, 0);
      expect((await ping('-c', '5', '-i', '0.1')).duplicates).toBeGreaterThanOrEqual(4);
      faults.set('enabled', 0, 0);
      expect(await ping('-c', '5', '-i', '0.1')).toMatchObject({ lost: 0, duplicates: 0 });
      expectWhole(await bridge.close());
    });

    test('what is held when it ends, or another thread takes over, is sent', async () => {
      const bridge = await open();
      await ping('-c', '2', '-i', '0.1');
      bridge.pipeline.faults.change({ enabled: 1, delay: 4_000_000 }, 0);
      const pings = ping('-c', '1', '-W', '6');
      await expect.poll(() => bridge.pipeline.faultCounts[12]).toBeGreaterThan(0);
      await bridge.replaceCallback(undefined);
      const { lost, median } = await pings;
      expect(lost).toBe(0);
      expect(median).toBeLessThan(4000);
      expectWhole(await bridge.close());
    });
  },
);

test('a mirror port: its packets are looked at, none is sent', async () => {
  const bridge = await Bridge.open({ interfaces: ['port0'], netns, statistics: true });
  await ping('-c', '2', '-i', '0.1');
  const { total } = bridge.sample().ports[0]!;
  expect(total.rxPackets).toBeGreaterThan(0);
  expect(total).toMatchObject({ mirrored: total.rxPackets, txPackets: 0 });
  expect(new MacTable(bridge.pipeline.place.statistics[0]!.macs).read().map(({ mac }) => mac)).toEqual([macOf(0)]);
  expectWhole(await bridge.close());
});
