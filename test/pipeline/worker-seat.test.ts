// needs: ip, ping
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { Bridge, type BridgeEvent, type BridgeOptions, type BridgeSummary } from '../../dist/pipeline/index.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();
const PORTS = ['port0', 'port1'];
let lab: Lab;
let netns: string;
let host: string;
beforeEach(() => {
  lab = createLab('seat');
  netns = lab.namespace('bridge');
  [host] = PORTS.map((name, i) => {
    const addresses = [`10.7.0.${i + 1}/24`, `2001:db8:7::${i + 1}/64`];
    return lab.host(`host${i}`, { addresses, port: { name, netns } }).netns;
  }) as [string, string];
});
afterEach(() => lab.close());

const module = (name: string) => new URL(name, import.meta.url);
const open = (options: Partial<BridgeOptions> = {}) =>
  Bridge.open({ interfaces: PORTS, netns, ring: 512, ledger: true, ...options });
const ping = (...options: string[]) =>
  promisify(execFile)('ip', ['netns', 'exec', host, 'ping', '-q', '-W', '2', ...options], { timeout: 25_000 });
const lossOf = async (pings: ReturnType<typeof ping>) => {
  const { stdout } = await pings.catch((error: { stdout: string }) => error);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!;
  return Number(sent) - Number(received);
};
function expectWhole({ audits, last }: BridgeSummary): void {
  for (const { frames, free, inRings, inKernel, lost, duplicated } of audits) {
    expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
    expect(free + inRings + inKernel).toBe(frames);
  }
  expect(last.workers.map(({ lostFrames }) => lostFrames)).toEqual(last.workers.map(() => 0));
}

test('a callback is replaced while packets flow: none is lost, and the new one counts', async () => {
  const bridge = await open();
  await ping('-c', '1', '10.7.0.2');
  await ping('-c', '1', '2001:db8:7::2');
  const flow = lossOf(ping('-i', '0.001', '-c', '4000', '10.7.0.2'));
  for (const name of ['callback-dies-of-some.mjs', undefined, 'callback-ipv4-only.mjs', 'callback-dies-of-some.mjs']) {
    await bridge.replaceCallback(name === undefined ? undefined : module(name));
  }
  await bridge.replaceCallback(module('callback-ipv4-only.mjs'));
  expect(await flow).toBe(0);
  expect(await lossOf(ping('-c', '2', '-W', '1', '-i', '0.2', '2001:db8:7::2'))).toBe(2);
  await bridge.replaceCallback(undefined);
  expect(await lossOf(ping('-c', '2', '-i', '0.2', '2001:db8:7::2'))).toBe(0);
  const summary = await bridge.close();
  expectWhole(summary);
  expect(summary.last.workers[0]!.deaths).toBe(0);
  for (const { total } of summary.last.ports) expect(total.workerDied).toBe(0);
});

test('a callback that can not be loaded is refused, and the bridge goes on as it was', async () => {
  await using bridge = await open({ callback: module('callback-ipv4-only.mjs') });
  await expect(bridge.replaceCallback(module('callback-missing.mjs'))).rejects.toMatchObject({
    code: 'XDP_ERR_WORKER',
    message: expect.stringContaining('no function as its default export'),
  });
  await expect(bridge.replaceCallback(module('no-such-callback.mjs'))).rejects.toMatchObject({
    code: 'XDP_ERR_WORKER',
  });
  expect(await lossOf(ping('-c', '2', '-i', '0.2', '10.7.0.2'))).toBe(0);
  expect(await lossOf(ping('-c', '1', '-W', '1', '2001:db8:7::2'))).toBe(1);
});

test('a worker that dies is replaced: what it had in its hands is counted, its frames are free again', async () => {
  const events: BridgeEvent[] = [];
  const bridge = await open({
    callback: module('callback-dies-of-some.mjs'),
    onEvent: (event) => events.push(event),
  });
  await ping('-c', '1', '10.7.0.2');
  for (let deaths = 1; deaths <= 3; deaths++) {
    // 700 bytes with 14 of Ethernet, 20 of IPv4 and 8 of ICMP.
    expect(await lossOf(ping('-c', '1', '-W', '1', '-s', '658', '10.7.0.2'))).toBe(1);
    await expect.poll(() => bridge.sample().workers[0]!.deaths).toBe(deaths);
    expect(await lossOf(ping('-c', '2', '-i', '0.2', '10.7.0.2'))).toBe(0);
  }
  expect(events).toMatchObject(
    Array(3).fill({ worker: 0, change: 'replaced', message: expect.stringMatching(/^worker 0 died .*ended early/) }),
  );
  const { ports } = bridge.sample();
  expect(ports[0]!.total.workerDied).toBeGreaterThanOrEqual(3);
  expectWhole(await bridge.close());
});

test.each([{ ledger: true }, { ledger: false }])(
  'what a worker held when it died is counted, and its frames are free again, ledger $ledger',
  async (options) => {
    const bridge = await open({ ...options, callback: module('callback-dies-of-some.mjs'), holdFrames: 300 });
    await ping('-c', '1', '10.7.0.2');
    bridge.pipeline.faults.change({ enabled: 1, delay: 30_000_000 }, 0);
    for (let deaths = 1; deaths <= 3; deaths++) {
      const before = bridge.sample().ports[0]!.total.workerDied;
      await ping('-c', '20', '-i', '0.01', '-W', '1', '10.7.0.2').catch(() => {});
      await expect.poll(() => bridge.faultCounts(0).held).toBeGreaterThanOrEqual(20);
      const { held } = bridge.faultCounts(0);
      await ping('-c', '1', '-W', '1', '-s', '658', '10.7.0.2').catch(() => {});
      await expect.poll(() => bridge.sample().workers[0]!.deaths).toBe(deaths);
      await expect.poll(() => bridge.faultCounts(0).held).toBeLessThan(held);
      await expect.poll(() => bridge.sample().ports[0]!.total.workerDied - before).toBeGreaterThanOrEqual(held + 1);
    }
    // There is room to hold as many as before.
    bridge.pipeline.faults.change({ delay: 1000 }, 0);
    expect(await lossOf(ping('-c', '50', '-i', '0.01', '10.7.0.2'))).toBe(0);
    expect(bridge.faultCounts(0).holdOverflow).toBe(0);
    expectWhole(await bridge.close());
  },
);

test('workers that die again and again end the bridge', async () => {
  const bridge = await open({ callback: module('callback-exits.mjs') });
  const pings = lossOf(ping('-c', '40', '-i', '0.25', '-W', '1', '10.7.0.2'));
  await expect(bridge.finished).rejects.toMatchObject({ code: 'XDP_ERR_WORKER' });
  for (const name of PORTS) expect(getLink(name, { netns }).xdp).toEqual([]);
  await pings;
  // The next one has its queues.
  await using next = await open();
  expect(await lossOf(ping('-c', '6', '-i', '0.5', '10.7.0.2'))).toBeLessThan(6);
  expectWhole(await next.close());
});
