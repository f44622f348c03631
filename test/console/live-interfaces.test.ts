// needs: ip, ping, nsenter, python3
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withNamespace } from '../../dist/sys/index.js';
import { sendByScapy } from '../e2e/scapy.js';
import { needTools } from '../e2e/tools.js';
import { LiveBed } from './live-bed.js';

let live: LiveBed;
beforeAll(async () => {
  live = await LiveBed.open();
});
afterAll(() => live?.[Symbol.asyncDispose]());

/** What the first host's kernel has sent. */
function sentByHost(what: 'packets' | 'bytes'): number {
  const text = withNamespace(live.bed.hosts[0], () => readFileSync('/proc/thread-self/net/dev', 'ascii'));
  const fields = /eth0:\s*(.*)/.exec(text)![1]!.trim().split(/\s+/);
  return Number(fields[what === 'bytes' ? 8 : 9]);
}

test('if.stats and if.qstats count what the host’s kernel has sent', async () => {
  const before = { stats: Number(await live.value('if.stats', 'rx')), host: sentByHost('packets') };
  const bytes = { stats: Number(await live.value('0 port0 if.qstats', 'rxBytes')), host: sentByHost('bytes') };
  expect((await live.ping(50)).answered).toHaveLength(50);
  const more = sentByHost('packets') - before.host;
  expect(more).toBeGreaterThanOrEqual(50);
  await expect.poll(async () => Number(await live.value('if.stats', 'rx')) - before.stats).toBe(more);
  expect(Number(await live.value('if.stats', 'tx', 1))).toBeGreaterThanOrEqual(50);
  // Of what a veth peer takes in by XDP, the sender counts what is behind the Ethernet header (veth_xdp_rcv_skb).
  const headers = 14 * more;
  const grown = sentByHost('bytes') - bytes.host + headers;
  expect(Number(await live.value('0 0 if.qstats', 'rxBytes')) - bytes.stats).toBe(grown);
  expect((await live.command('if.stats')).split('\n')[0]).toBe('0 port0 veth queues:1 COPY');
});

test('if.mac.show tells who has sent, and who made the card', async (context) => {
  needTools(context, 'python3-scapy');
  const [mac] = live.macs;
  const packets = async () => {
    const line = (await live.say('0 if.mac.show')).find((row) => row.startsWith(mac));
    return Number(/(\d+) packets/.exec(line ?? '')?.[1] ?? 0);
  };
  const before = { packets: await packets(), host: sentByHost('packets') };
  await live.ping(20);
  expect((await packets()) - before.packets).toBe(sentByHost('packets') - before.host);
  const vlan = "Dot1Q(vlan=1)/Dot1Q(vlan=2)/IP(dst='10.9.9.9')/UDP()";
  await sendByScapy(live.bed.hosts[0], `[Ether(src='00:23:7d:86:71:ff', dst='02:00:00:00:00:09')/${vlan}] * 7`);
  await expect
    .poll(async () => await live.say('0 if.mac.show'))
    .toContainEqual(expect.stringMatching(/^00:23:7d:86:71:ff Hewlett Packard +7 packets +\d+ bytes +\d\.\d s ago$/));
  // veth makes addresses up.
  expect(await live.say('0 if.mac.show')).toContainEqual(expect.stringContaining(`${mac} (locally administered)`));
  expect(await live.say('port0 if.etype.show')).toContainEqual(
    expect.stringMatching(/^0x0800 IPv4 +vlan:2 +7 packets +\d+ bytes +last 00:23:7d:86:71:ff Hewlett Packard$/),
  );
  // The other interface has not seen it.
  expect((await live.say('1 if.mac.show')).join('\n')).not.toContain('00:23:7d:86:71:ff');
});

test('if.statistics stops the counting of addresses, and of nothing else', async () => {
  await live.say('off if.statistics');
  const before = (await live.say('0 if.mac.show')).map((line) => line.replace(/\S+ s ago$/, ''));
  expect((await live.ping(5)).answered).toHaveLength(5);
  expect((await live.say('0 if.mac.show')).map((line) => line.replace(/\S+ s ago$/, ''))).toEqual(before);
  await live.say('on if.statistics');
  await live.ping(5);
  expect((await live.say('0 if.mac.show')).map((line) => line.replace(/\S+ s ago$/, ''))).not.toEqual(before);
});

test('every word of the subject was said', () => expect(live.unsaid('if')).toEqual([]));
