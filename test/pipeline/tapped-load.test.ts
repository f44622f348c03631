// needs: ip, tshark
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { Bridge } from '../../dist/pipeline/index.js';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { tapName } from '../tap/tap-bed.js';

failOnLeaks();
/** XDPKIT_LONG=1: a whole minute. */
const SECONDS = process.env['XDPKIT_LONG'] ? 60 : 3;
const PORTS = ['port0', 'port1'];
const SLOW = patient(SECONDS * 1000 + 300_000);
let lab: Lab;
let directory: string;
beforeEach(() => {
  lab = createLab('load');
  directory = mkdtempSync(join(tmpdir(), 'xdpkit-load-'));
});
afterEach(() => {
  lab.close();
  rmSync(directory, { recursive: true });
});

test(
  `${SECONDS} s at full speed with both taps and two collectors: all that was tapped is collected or counted lost`,
  async () => {
    const netns = lab.namespace('bridge');
    const [host] = PORTS.map((name, i) => {
      return lab.host(`host${i}`, { addresses: [`10.11.0.${i + 1}/24`], port: { name, netns } }).netns;
    });
    const tap = tapName();
    const bridge = await Bridge.open({ interfaces: PORTS, netns, tap, statistics: true });
    for (const port of [0, 1]) bridge.pipeline.settings.change({ rxTap: 1, txTap: 1 }, port);
    const collect = (name: string) => {
      const rotation = ['--rotate-size', '20M', '--files', '2'];
      return new Running([
        ...XDPKIT,
        'collect',
        '-q',
        tap,
        '-w',
        join(directory, `${name}.pcapng`),
        ...rotation,
        '--json',
      ]);
    };
    await using first = collect('first');
    await using second = collect('second');
    await expect.poll(() => bridge.tap!.status().consumers, { timeout: SLOW }).toHaveLength(2);
    const words = ['generate', 'eth0', '--duration', `${SECONDS}s`, '--destination-mac', '02:00:00:00:00:99', '--json'];
    const sent = await run([...XDPKIT, ...words], { netns: host }, SLOW);
    expect(sent.status).toBe(0);
    const { last, audits } = await bridge.close();
    for (const { frames, free, inRings, inKernel, lost, duplicated } of audits) {
      expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
      expect(free + inRings + inKernel).toBe(frames);
    }
    const ended = await Promise.all([first, second].map((each) => each.end(SLOW)));
    const summaries = ended.map(({ status, stdout, stderr }) => {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    });
    const packets = summaries.map((each) => each.packets as number);
    // Whoever ends last sees the account as it stays.
    const { tapped, collected, lost, abandoned, queued } = summaries
      .map((each) => each.tap)
      .sort((a, b) => b.collected - a.collected)[0];
    expect({ abandoned, queued }).toEqual({ abandoned: 0, queued: 0 });
    expect(packets[0]! + packets[1]!).toBe(collected);
    expect(collected + lost).toBe(tapped);
    const sum = (of: (total: (typeof last.ports)[number]['total']) => number) =>
      last.ports.reduce((all, { total }) => all + of(total), 0);
    // Each packet once on its way in and once on its way out; and once more when the device took no more of them.
    expect(tapped).toBe(sum(({ rxPackets, txPackets, txRingFull }) => rxPackets + txPackets + txRingFull));
    for (const count of packets) expect(count).toBeGreaterThan(0);

    const files = readdirSync(directory);
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const file of files) {
      const words = ['tshark', '-n', '-r', join(directory, file), '-T', 'fields', '-e', 'frame.interface_name'];
      const { status, stderr, stdout } = await run(words, {}, SLOW);
      expect({ status, stderr: stderr.replace(/^Running as user .*\n/, '') }).toEqual({ status: 0, stderr: '' });
      expect(new Set(stdout.trimEnd().split('\n'))).toEqual(new Set(PORTS));
    }
    const { rxPackets } = last.ports[0]!.total;
    console.log(
      `${SECONDS} s: ${rxPackets} packets bridged (${Math.round(rxPackets / SECONDS)} a second); tapped ${tapped} = ` +
        `collected ${packets.join(' + ')} + lost ${lost}; tshark read ${files.length} files`,
    );
  },
  SLOW,
);
