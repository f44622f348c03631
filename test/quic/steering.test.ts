// needs: bpftool
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { TestRun } from '../../dist/kernel/index.js';
import { cidCodec, Steering, SteeringMap, type SteeringOptions } from '../../dist/quic/index.js';
import { describedFrame } from '../../dist/wire/index.js';
import { bpftool, type DumpedElement, dumpedBytes } from '../kernel/bpftool.js';
import { patient } from '../patience.js';
import { Random } from '../rules/random.js';

const PIN = `xdpkit-test-${process.pid}`;
const katran = cidCodec({ codec: 'katran', version: 2 });
const open: Steering[] = [];

afterEach(() => {
  for (const steering of open.splice(0)) steering.close();
  Steering.unpin(PIN);
});

function load(options: Partial<SteeringOptions> = {}): { steering: Steering; run: TestRun } {
  const steering = Steering.load({ codec: katran, queues: 2, ports: [4433], hashSeed: 7, ...options });
  open.push(steering);
  return { steering, run: new TestRun(steering.program) };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const REST = '00'.repeat(24);
const flow = (n: number) => `10.${(n >> 14) & 255}.${(n >> 6) & 255}.1:${1024 + (n & 63)}`;
const udp = (n: number, payload: string) => describedFrame(`udp ${flow(n)} > 192.0.2.1:4433 payload ${payload}`);
const short = (n: number, id: Uint8Array) => udp(n, `40${hex(id)}${REST}`);
const initial = (n: number) => udp(n, `c00000000108${'a'.repeat(16)}00${REST}`);

/** The backend that got a packet, by what it counts. */
function backendOf(steering: Steering, run: TestRun, frame: Uint8Array): number | undefined {
  const before = new Map(steering.backends().map(({ id, packets }) => [id, packets]));
  run.run(frame);
  return steering.backends().find(({ id, packets }) => packets > before.get(id)!)?.id;
}

/** How many there are, by what has become of them. */
const backendsOf = (steering: Steering, run: TestRun, flows: readonly number[]) =>
  flows.map((n) => backendOf(steering, run, initial(n)));

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('backends come and go', () => {
  test('drained, one keeps its flows and its IDs, and gets no new ones', () => {
    const { steering, run } = load();
    steering.addAll([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const before = backendsOf(steering, run, range(0, 90));
    expect(new Set(before)).toEqual(new Set([1, 2, 3]));
    steering.drain(2);
    expect(backendsOf(steering, run, range(0, 90))).toEqual(before);
    expect(new Set(backendsOf(steering, run, range(90, 180)))).toEqual(new Set([1, 3]));
    expect(backendOf(steering, run, short(0, katran.encode(2)))).toBe(2);
    steering.activate(2);
    expect(backendsOf(steering, run, range(200, 290))).toContain(2);
  });

  test('when one comes no flow moves, and it gets its share of new ones', () => {
    const { steering, run } = load();
    steering.addAll([{ id: 1 }, { id: 2 }]);
    const before = backendsOf(steering, run, range(0, 60));
    steering.add({ id: 3, weight: 8 });
    expect(backendsOf(steering, run, range(0, 60))).toEqual(before);
    const fresh = backendsOf(steering, run, range(60, 160));
    expect(fresh.filter((id) => id === 3).length).toBeGreaterThan(60);
  });

  test('removed, its flows alone go elsewhere, and whoever takes its slot does not get them', () => {
    const { steering, run } = load();
    steering.addAll([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const before = backendsOf(steering, run, range(0, 60));
    steering.remove(2);
    const { slot } = steering.add({ id: 9, weight: 1 });
    expect(slot).toBe(1);
    steering.drain(9);
    const after = backendsOf(steering, run, range(0, 60));
    for (const [n, id] of after.entries()) {
      if (before[n] === 2) expect([1, 3]).toContain(id);
      else expect(id).toBe(before[n]);
    }
    expect(steering.backends().find(({ id }) => id === 9)).toMatchObject({
      slot: 1,
      packets: 0,
      bytes: 0,
      initials: 0,
    });
    const { unknown } = steering.statistics();
    expect([1, 3]).toContain(backendOf(steering, run, short(0, katran.encode(2))));
    expect(steering.statistics().unknown).toBe(unknown + 1);
  });

  test('to the host, and to nowhere', () => {
    const { steering, run } = load({ withoutSocket: 'drop' });
    steering.addAll([{ id: 1, act: 'host' }, { id: 2, act: 'drop' }, { id: 3 }]);
    const verdict = (id: number) => run.run(short(0, katran.encode(id))).action;
    expect([1, 2, 3].map(verdict)).toEqual([XdpAction.pass, XdpAction.drop, XdpAction.drop]);
    expect(steering.statistics()).toMatchObject({ toHost: 1, toDrop: 1, toSocket: 1, routed: 3 });
  });

  test('what can not be is refused', () => {
    const { steering } = load({ capacity: 2 });
    steering.add({ id: 1 });
    expect(() => steering.add({ id: 1 })).toThrow('there is a backend with id 1 already');
    steering.add({ id: 2 });
    expect(() => steering.add({ id: 3 })).toThrow('the steering has room for 2 backends, and has them');
    expect(() => steering.drain(7)).toThrow('there is no backend with id 7');
    expect(() => steering.weigh(1, 0)).toThrow('weight is a whole number from 1 to 65535, not 0');
    expect(() => load({ queues: 0 })).toThrow('queues is a whole number from 1 to 4096, not 0');
  });
});

test('maps have the names and sizes that others look for', () => {
  const { steering, run } = load({ codec: cidCodec({ codec: 'cidv1' }) });
  steering.addAll([{ id: 258 }, { id: 7 }]);
  const id = Uint8Array.of(1, 0, 1, 2, 9, 9, 9, 9);
  for (let i = 0; i < 3; i++) run.run(udp(0, `c00000000108${hex(id)}00${REST}`));
  const dump = (name: string) => {
    const { id: map } = steering.maps.get(name)!.info;
    return bpftool(`map dump id ${map}`) as DumpedElement[];
  };
  expect(dump('cid_counter').map(({ key, value }) => [dumpedBytes(key), dumpedBytes(value!)])).toEqual([
    [`${hex(id)}${'00'.repeat(12)}08000000`, '0300000000000000'],
  ]);
  const servers = dump('cid_backend_map').map(({ key, value }) => [dumpedBytes(key), dumpedBytes(value!)]);
  expect(servers.sort()).toEqual([
    ['02010000', '00000000'],
    ['07000000', '01000000'],
  ]);
  const shapes = ['cid_counter', 'cid_backend_map', 'xsks_map'].map((name) => steering.maps.get(name)!);
  expect(shapes.map(({ name, maxEntries }) => [name, maxEntries])).toEqual([
    ['cid_counter', 1024],
    ['cid_backend_map', 65_536],
    ['xsks_map', 128],
  ]);
  const { steering: small } = load({ capacity: 3 });
  expect(small.maps.get(SteeringMap.sockets)!.maxEntries).toBe(64);
  expect(steering.heaviest(5)).toEqual([{ id, packets: 3 }]);
});

test('pinned, it is opened by its name, read and changed', () => {
  const { steering, run } = load();
  steering.add({ id: 1, weight: 3 });
  run.run(short(0, katran.encode(1)));
  steering.pin(PIN);
  expect(Steering.pinned()).toContain(PIN);
  expect(() => steering.pin(PIN)).toThrow(`there is a QUIC steering "${PIN}" already`);
  const { id } = steering.maps.get('cid_counter')!.info;
  expect(bpftool(`map show pinned /sys/fs/bpf/xdpkit-steering/${PIN}/cid_counter`)).toMatchObject({
    id,
    name: 'cid_counter',
    type: 'lru_hash',
  });
  using other = Steering.open(PIN);
  expect(other).toMatchObject({ queues: 2, capacity: 64 });
  expect(other.backends()).toEqual(steering.backends());
  expect(other.heaviest(3)).toEqual(steering.heaviest(3));
  other.add({ id: 2 });
  other.remove(1);
  expect(steering.backends().map(({ id: backend }) => backend)).toEqual([2]);
  Steering.unpin(PIN);
  expect(() => Steering.open(PIN)).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_PROGRAM' }));
});

test('a flood moves no flow, fills no table, and is counted by kind', { timeout: 3_600_000 }, () => {
  const seconds = process.env['XDPKIT_LONG'] ? 60 : 1;
  const least = 300;
  const { steering, run } = load({ flows: 4096, counters: 1024, insertsPerSecond: 1, oddPackets: 'drop' });
  steering.addAll([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
  // Both buckets are full: 16 entries for each of the CPUs, of which the test may run on any.
  const established = range(0, 16);
  const before = backendsOf(steering, run, established);
  const random = new Random(1);
  const sent = { truncated: 0, forbiddenLength: 0, versionZero: 0, unknownVersion: 0, packets: 16 };
  const end = performance.now() + seconds * 1000;
  let isDrained = false;
  for (let n = 100; n < least || performance.now() < end; n++) {
    if (!isDrained && n >= least / 2 && performance.now() > end - seconds * 500) {
      steering.drain(2);
      isDrained = true;
    }
    // Silent for 30 seconds, they would be as good as new.
    for (const one of n % 1000 === 0 ? established : []) {
      run.run(initial(one));
      sent.packets++;
    }
    const id = hex(random.bytes(8));
    sent.packets += 5;
    run.run(short(n, random.bytes(8)));
    run.run(udp(n, `40${id}`.slice(0, 2 * random.below(21)) || '40'));
    sent.truncated++;
    run.run(udp(n, `c000000001${random.pick(['15', 'ff'])}${id}00${REST}`));
    sent.forbiddenLength++;
    run.run(udp(n, `c00000000008${id}00${REST}`));
    sent.versionZero++;
    run.run(udp(n, `c0ff00001d08${id}00${REST}`));
    sent.unknownVersion++;
  }
  const statistics = steering.statistics();
  expect(statistics).toMatchObject(sent);
  expect(statistics.flowsNotKept).toBeGreaterThan(0);
  expect(statistics.idsNotCounted).toBeGreaterThan(0);
  expect(backendsOf(steering, run, established)).toEqual(before);
  const entries = (name: string) => [...steering.maps.get(name)!.keys()].length;
  expect(entries(SteeringMap.flows)).toBeLessThanOrEqual(4096);
  expect(entries(SteeringMap.counters)).toBeLessThanOrEqual(1024);
});

test(
  'several processes change the backends of one steering: every change is there in the end',
  async () => {
    const { steering } = load({ capacity: 256 });
    steering.pin(PIN);
    const fixture = fileURLToPath(new URL('./add-backends.mjs', import.meta.url));
    const firsts = [100, 200, 300];
    const COUNT = 40;
    await Promise.all(
      firsts.map((first) => promisify(execFile)(process.execPath, [fixture, PIN, `${first}`, `${COUNT}`])),
    );
    const there = steering.backends();
    const wanted = firsts.flatMap((first) => Array.from({ length: COUNT / 2 }, (_, i) => first + 2 * i));
    expect(there.map(({ id }) => id).sort()).toEqual(wanted);
    expect(new Set(there.map(({ slot }) => slot)).size).toBe(wanted.length);
  },
  patient(60_000),
);
