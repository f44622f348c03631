// needs: ip, ping, tshark
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FaultSettings } from '../../dist/faults/index.js';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { Bridge, type BridgeOptions } from '../../dist/pipeline/index.js';
import { Running, XDPKIT } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { tapName } from '../tap/tap-bed.js';
import { tsharkFields } from '../wire/tshark.js';
import { introduce } from './introduce.js';

failOnLeaks();
const PORTS = ['port0', 'port1'];
const SLOW = patient(120_000);
let lab: Lab;
let netns: string;
let host: string;
let directory: string;
beforeEach(() => {
  lab = createLab('marks');
  netns = lab.namespace('bridge');
  const hosts = PORTS.map((name, i) => {
    return lab.host(`host${i}`, { addresses: [`10.10.0.${i + 1}/24`], port: { name, netns } }).netns;
  });
  host = hosts[0]!;
  introduce(hosts, ['10.10.0.1', '10.10.0.2']);
  directory = mkdtempSync(join(tmpdir(), 'xdpkit-marks-'));
});
afterEach(() => {
  lab.close();
  rmSync(directory, { recursive: true });
});

const ping = (...options: string[]) =>
  promisify(execFile)('ip', ['netns', 'exec', host, 'ping', '-q', '-W', '1', ...options, '10.10.0.2'], {
    timeout: patient(25_000),
  }).catch(() => {});

/** Sends a ping with each of these settings, and then with none. */
async function pingWith(bridge: Bridge, cases: readonly Partial<FaultSettings>[], ...options: string[]) {
  const { faults } = bridge.pipeline;
  const before = faults.read(0)!;
  await ping('-c', '2', '-i', '0.1');
  for (const settings of cases) {
    faults.change({ enabled: 1, ...settings }, 0);
    await ping('-c', '2', '-i', '0.05', ...options);
    faults.change(before, 0);
  }
}
const open = (options: Partial<BridgeOptions>) => Bridge.open({ interfaces: PORTS, netns, ledger: true, ...options });

const FIELDS = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.comment', 'frame.len'] as const;

test(
  'what was done to a packet stands in its comment, as tshark reads it',
  async () => {
    const file = join(directory, 'tap.pcapng');
    const tap = tapName();
    const bridge = await open({ tap });
    await using collect = new Running([...XDPKIT, 'collect', '-q', tap, '-w', file, '--json']);
    await expect.poll(() => bridge.tap!.status().consumers, { timeout: SLOW }).toHaveLength(1);
    for (const port of [0, 1]) bridge.pipeline.settings.change({ rxTap: 1, txTap: 1 }, port);
    await pingWith(bridge, [
      { dropProbability: 1000 },
      { gilbertP: 100_000, gilbertR: 0 },
      { corruptProbability: 1000, corruptAmount: 4 },
      { bitflipProbability: 100_000 },
      { growProbability: 1000, growAmount: 6 },
      { shrinkProbability: 1000, shrinkAmount: 6 },
      { duplicateProbability: 100_000 },
      { delay: 20_000 },
      { delay: 1000, reorderProbability: 100_000 },
      { rate: 1_000_000 },
      { delay: 5000, bitflipProbability: 100_000, shrinkProbability: 1000, shrinkAmount: 6 },
    ]);
    await bridge.close();
    const { status, stdout, stderr } = await collect.end(SLOW);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { tap: account, packets } = JSON.parse(stdout);
    expect(account).toMatchObject({ tapped: packets, collected: packets, lost: 0 });

    const rows = tsharkFields(file, FIELDS).filter((row) => row['frame.comment'] !== '');
    const found = new Set(
      rows.map((row) => {
        const direction = ['?', 'in', 'out'][Number(row['frame.packet_flags_direction'])];
        return `${row['frame.interface_name']} ${direction} ${row['frame.comment'].replace(/by \d+ µs; limited/, 'by N µs; limited')}`;
      }),
    );
    for (const comment of [
      'port0 in dropped: faultDrop',
      'port0 in dropped: faultBurstLoss',
      'port1 out corrupted',
      'port1 out bit flipped',
      'port1 out grown',
      'port1 out shrunk',
      'port1 out duplicate',
      'port1 out delayed by 20000 µs',
      'port1 out sent ahead of others',
      'port1 out delayed by N µs; limited to the rate',
      'port1 out bit flipped; shrunk; delayed by 5000 µs',
    ]) {
      expect(found).toContain(comment);
    }
    // Faults are on for what port0 receives only.
    expect([...found].filter((comment) => /^port1 in|^port0 out/.test(comment))).toEqual([]);
    // 14 of Ethernet, 20 of IPv4, 8 of ICMP, 56.
    const lengths = (comment: string) =>
      rows.filter((row) => row['frame.comment'] === comment).map((row) => Number(row['frame.len']));
    expect(lengths('grown')).toContain(98 + 6);
    expect(lengths('shrunk')).toContain(98 - 6);
  },
  SLOW,
);

test(
  'a mirror port: each packet is tapped once',
  async () => {
    const file = join(directory, 'tap.pcapng');
    const tap = tapName();
    const bridge = await open({ tap, interfaces: ['port0'] });
    await using collect = new Running([...XDPKIT, 'collect', '-q', tap, '-w', file, '--json']);
    await expect.poll(() => bridge.tap!.status().consumers, { timeout: SLOW }).toHaveLength(1);
    bridge.pipeline.settings.set('rxTap', 1, 0);
    await ping('-c', '3', '-i', '0.05');
    const { last } = await bridge.close();
    expect((await collect.end(SLOW)).status).toBe(0);
    const rows = tsharkFields(file, FIELDS);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(last.ports[0]!.total.rxPackets);
    expect(new Set(rows.map((row) => row['frame.comment']))).toEqual(new Set(['']));
  },
  SLOW,
);

test('the fault log has a line for each fault, and all of them', async () => {
  const file = join(directory, 'faults.jsonl');
  const bridge = await open({ faultLog: file });
  await pingWith(
    bridge,
    [
      { dropProbability: 1000 },
      { corruptProbability: 1000, corruptAmount: 3, delay: 2000 },
      { shrinkProbability: 1000, shrinkAmount: 8 },
    ],
    '-s',
    '100',
  );
  const { faultLogLost } = await bridge.close();
  expect(faultLogLost).toBe(0);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { dropped, corrupted, delayed, shrunk } = bridge.faultCounts(0);
  const count = (fault: string) => lines.filter((line) => line.fault === fault).length;
  expect(['drop', 'corrupt', 'delay', 'shrink'].map(count)).toEqual([dropped, corrupted, delayed, shrunk]);
  expect(lines).toHaveLength(dropped + corrupted + delayed + shrunk);
  expect(dropped).toBeGreaterThan(0);
  expect(lines).toContainEqual({
    ...{ interface: 'port0', queue: 0, packet: expect.any(Number), fault: 'corrupt', length: 142, bytes: 3 },
    positions: [expect.any(Number), expect.any(Number), expect.any(Number)],
  });
  expect(lines.find(({ fault }) => fault === 'delay')).toMatchObject({ microseconds: 2000 });
  expect(lines.find(({ fault }) => fault === 'shrink')).toMatchObject({ length: 142, bytes: 8 });
});

test('a fault log that can not be written is refused', async () => {
  await expect(open({ faultLog: join(directory, 'none', 'faults.jsonl') })).rejects.toMatchObject({
    code: 'XDP_ERR_USAGE',
    message: expect.stringContaining("can't be written"),
  });
});

test(
  'a full disk ends the fault log, not the bridge',
  async () => {
    const events: unknown[] = [];
    const bridge = await open({ faultLog: '/dev/full', onEvent: (event) => events.push(event) });
    await pingWith(bridge, [{ dropProbability: 1000 }]);
    await expect
      .poll(() => events)
      .toEqual([{ change: 'fault-log-failed', message: expect.stringContaining('ENOSPC') }]);
    const before = bridge.sample().ports[1]!.total.txPackets;
    await ping('-c', '2', '-i', '0.05');
    expect(bridge.sample().ports[1]!.total.txPackets).toBeGreaterThan(before);
    await bridge.close();
  },
  SLOW,
);

test(
  '--fault-log of the command, with settings from a start-up file',
  async () => {
    const [file, startup] = [join(directory, 'faults.jsonl'), join(directory, 'startup.rpcl')];
    const { writeFileSync } = await import('node:fs');
    writeFileSync(startup, '1000 fault.drop.probability 0 fault.enable\n');
    const command = [...XDPKIT, 'bridge', ...PORTS, '--netns', netns, '--no-tap', '--name', `marks-${process.pid}`];
    await using bridge = new Running([...command, '--fault-log', file, '--startup', startup, '--json']);
    await bridge.says(/"type":"start"/, SLOW);
    // The start-up file is run a moment later.
    while (readFileSync(file).length === 0) await ping('-c', '3', '-i', '0.05');
    bridge.kill('SIGTERM');
    const { status, stdout } = await bridge.end(SLOW);
    expect(status).toBe(0);
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    expect(summary).toMatchObject({ type: 'summary', faultLogLost: 0 });
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(summary.last.ports[0].total.faultDrop);
    expect(JSON.parse(lines[0]!)).toMatchObject({ interface: 'port0', queue: 0, packet: 0, fault: 'drop' });
  },
  SLOW,
);
