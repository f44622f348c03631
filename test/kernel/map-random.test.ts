// needs: bpftool, ip
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, type MapKind, perCpu, possibleCpus, type UpdateCondition, u32 } from '../../dist/kernel/index.js';
import { createLab, type Lab, listLinks } from '../../dist/netdev/index.js';
import { withNamespace, XdpError } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { bpftool, type DumpedElement, dumpedBytes } from './bpftool.js';
import { HashModel, hex, type Model, type Outcome, prefixKey, SlotModel, TrieModel } from './map-models.js';
import { returning } from './programs.js';
import { Random } from './random.js';

failOnLeaks();

/** A map, a model of it, and keys and values by chance. */
interface Subject {
  readonly map: BpfMap;
  readonly model: Model;
  key(random: Random): Uint8Array;
  /** What is written, and what is read then. */
  value(random: Random): readonly [written: Uint8Array, read: Uint8Array];
  /** Closed after the test. */
  readonly others?: readonly Disposable[];
}

const rounds = process.env['XDPKIT_LONG'] ? 20_000 : 300;
/** How often bpftool is asked. */
const LOOKS = process.env['XDPKIT_LONG'] ? 50 : 3;
const seed = Number(process.env['XDPKIT_SEED'] ?? 20_261_121);
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const numbers = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
const indexes = (count: number) => Array.from({ length: count }, (_, i) => hex(u32(i)));

/** Random bytes; in a per-CPU map for each CPU, with the padding zero. */
function randomBytes({ valueSize, lookupSize }: BpfMap, random: Random): readonly [Uint8Array, Uint8Array] {
  const value = new Uint8Array(lookupSize);
  const stride = lookupSize === valueSize ? lookupSize : lookupSize / possibleCpus();
  for (let at = 0; at < lookupSize; at += stride) value.set(random.bytes(valueSize), at);
  return [value, value];
}

/** Hash kinds, with `keys` different keys; LRU kinds have room for many more, so that nothing goes by itself. */
function hash(kind: MapKind, keySize: number, valueSize: number, maxEntries: number, keys: number): () => Subject {
  return () => {
    const map = new BpfMap({ kind, name: kind, keySize, valueSize, maxEntries });
    return {
      map,
      model: new HashModel(maxEntries),
      key: (random) => new Random(random.below(keys)).bytes(keySize),
      value: (random) => randomBytes(map, random),
    };
  };
}

function array(kind: MapKind, valueSize: number, length: number): () => Subject {
  return () => {
    const map = new BpfMap({ kind, name: kind, valueSize, maxEntries: length });
    const preset = hex(new Uint8Array(map.lookupSize));
    return {
      map,
      model: new SlotModel(indexes(length), { deletes: false, conditions: true, preset }),
      key: (random) => u32(random.below(length + 2)),
      value: (random) => randomBytes(map, random),
    };
  };
}

function trie(addressSize: number, maxEntries: number): () => Subject {
  return () => {
    const map = new BpfMap({ kind: 'lpmTrie', name: 'trie', keySize: 4 + addressSize, valueSize: 4, maxEntries });
    return {
      map,
      model: new TrieModel(maxEntries),
      // Addresses with few bits set have many prefixes in common.
      key: (random) =>
        bytesOf(
          prefixKey(
            random.bytes(addressSize).map((byte) => byte & 0x81),
            random.below(addressSize * 8 + 1),
          ),
        ),
      value: (random) => randomBytes(map, random),
    };
  };
}

/** Values that are written as descriptors and read as ids. */
function descriptors(objects: readonly (Disposable & { readonly fd: number; readonly info: { id: number } })[]) {
  const pairs = objects.map(({ fd, info }) => [u32(fd), u32(info.id)] as const);
  return { others: objects, value: (random: Random) => random.pick(pairs) };
}
const innerMaps = () =>
  Array.from({ length: 3 }, () => new BpfMap({ kind: 'array', name: 'inner', valueSize: 4, maxEntries: 1 }));

let lab: Lab;
let ifindexes: number[];
beforeAll(() => {
  lab = createLab('maps');
  const netns = lab.namespace('near');
  for (const name of ['a', 'b']) lab.veth({ name, netns, peer: { name: `${name}2`, netns } });
  ifindexes = listLinks({ netns }).map(({ index }) => index);
});
afterAll(() => lab.close());

/** Struct bpf_devmap_val, or bpf_cpumap_val: a number, and a program that may be there. */
function withProgram(attachTo: 'devmap' | 'cpumap', number: (random: Random) => number) {
  const program = returning(XdpAction.pass, 'returning', { attachTo });
  const value = (random: Random) => {
    const [first, runs] = [number(random), random.below(2) === 1];
    return [numbers(first, runs ? program.fd : 0), numbers(first, runs ? program.info.id : 0)] as const;
  };
  return { others: [program], value };
}

const SUBJECTS: Record<string, () => Subject> = {
  hash: hash('hash', 4, 4, 40, 60),
  'hash of odd sizes': hash('hash', 13, 7, 500, 600),
  lruHash: hash('lruHash', 6, 8, 2000, 60),
  percpuHash: hash('percpuHash', 4, 12, 40, 60),
  lruPercpuHash: hash('lruPercpuHash', 4, 3, 2000, 60),
  array: array('array', 6, 30),
  percpuArray: array('percpuArray', 20, 30),
  'lpmTrie of IPv4': trie(4, 60),
  'lpmTrie of IPv6': trie(16, 60),
  arrayOfMaps() {
    const maps = innerMaps();
    const map = new BpfMap({ kind: 'arrayOfMaps', name: 'outer', maxEntries: 10, inner: maps[0] });
    const model = new SlotModel(indexes(10), { deletes: true, conditions: false, beyond: 'E2BIG' });
    return { map, model, key: (random) => u32(random.below(12)), ...descriptors(maps) };
  },
  hashOfMaps() {
    const maps = innerMaps();
    const map = new BpfMap({ kind: 'hashOfMaps', name: 'outer', keySize: 5, maxEntries: 10, inner: maps[0] });
    const key = (random: Random) => new Random(random.below(14)).bytes(5);
    return { map, model: new HashModel(10, { takes: false }), key, ...descriptors(maps) };
  },
  programArray() {
    const programs = [returning(XdpAction.pass), returning(XdpAction.drop)];
    const map = new BpfMap({ kind: 'programArray', name: 'programs', maxEntries: 10 });
    const model = new SlotModel(indexes(10), { deletes: true, conditions: false, beyond: 'E2BIG' });
    return { map, model, key: (random) => u32(random.below(12)), ...descriptors(programs) };
  },
  devmap() {
    const map = new BpfMap({ kind: 'devmap', name: 'devices', maxEntries: 10 });
    const model = new SlotModel(indexes(10), { deletes: 'always', conditions: true });
    return { map, model, key: (random) => u32(random.below(12)), ...withProgram('devmap', (r) => r.pick(ifindexes)) };
  },
  devmapHash() {
    const map = new BpfMap({ kind: 'devmapHash', name: 'devices', maxEntries: 10 });
    const model = new HashModel(10, { takes: false, replaceCreates: true });
    return { map, model, key: (random) => u32(random.below(14)), ...withProgram('devmap', (r) => r.pick(ifindexes)) };
  },
  cpumap() {
    const map = new BpfMap({ kind: 'cpumap', name: 'cpus', maxEntries: possibleCpus() });
    const model = new SlotModel(indexes(possibleCpus()), { deletes: 'always', conditions: true });
    const key = (random: Random) => u32(random.below(possibleCpus() + 1));
    return { map, model, key, ...withProgram('cpumap', (r) => 1 + r.below(500)) };
  },
};

/** Each entry of a CPU map is a kernel thread; a write to a map of maps waits until no program sees the old. */
const SLOW: readonly MapKind[] = ['cpumap', 'arrayOfMaps', 'hashOfMaps'];
const roundsOf = (map: BpfMap) => (SLOW.includes(map.kind) ? Math.ceil(rounds / 10) : rounds);

function outcome<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof XdpError && error.errnoName !== undefined) return { error: error.errnoName };
    throw error;
  }
}
const sorted = (elements: Iterable<readonly [string, string]>) =>
  [...elements].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
const contents = (map: BpfMap) => sorted([...map.elements()].map(([key, value]) => [hex(key), hex(value)]));

/** What bpftool shows, as our lookups show it: with the values of each CPU padded. */
function dumped(map: BpfMap): [string, string][] {
  const elements: DumpedElement[] = bpftool(`map dump id ${map.info.id}`);
  const padding = '00'.repeat((8 - (map.valueSize % 8)) % 8);
  return sorted(
    elements.flatMap(({ key, value, values }) => {
      if (values !== undefined) {
        const all = values.toSorted((a, b) => a.cpu - b.cpu).map((one) => dumpedBytes(one.value) + padding);
        return [[dumpedBytes(key), all.join('')] as const];
      }
      // Of an index without an entry it says {"error": "No such file or directory"}.
      return Array.isArray(value) ? [[dumpedBytes(key), dumpedBytes(value)] as const] : [];
    }),
  ) as [string, string][];
}

function step(subject: Subject, random: Random): void {
  const { map, model } = subject;
  const key = subject.key(random);
  const [write, read] = subject.value(random);
  switch (random.below(7)) {
    case 0:
    case 1:
    case 2: {
      const when = random.pick<UpdateCondition>(['any', 'any', 'create', 'replace']);
      const error = model.update(hex(key), hex(read), when);
      expect(outcome(() => map.update(key, write, when))).toEqual(
        error === undefined ? { value: undefined } : { error },
      );
      break;
    }
    case 3:
      expect(outcome(() => map.delete(key))).toEqual(model.delete(hex(key)));
      break;
    case 4: {
      const value = map.lookup(key);
      expect(value && hex(value)).toBe(model.lookup(hex(key)));
      break;
    }
    case 5: {
      const taken = outcome(() => map.take(key));
      const expected = model.take(hex(key));
      const shown = 'value' in taken ? { value: taken.value && hex(taken.value) } : taken;
      expect(shown).toEqual(expected);
      break;
    }
    default:
      batchStep(subject, random);
  }
}

/** Up to 20 elements at once: what is done before one fails stays done. */
function batchStep({ map, model, key, value }: Subject, random: Random): void {
  const count = 1 + random.below(20);
  const keys = Array.from({ length: count }, () => key(random));
  if (random.below(2) === 0) {
    const results = keys.map((one) => () => model.delete(hex(one)));
    expect(outcome(() => map.deleteBatch(Buffer.concat(keys)))).toEqual(collect(results, (deleted) => deleted));
    return;
  }
  const values = keys.map(() => value(random));
  const results = keys.map((one, i) => (): Outcome<boolean> => {
    const error = model.update(hex(one), hex(values[i]![1]), 'any');
    return error === undefined ? { value: false } : { error };
  });
  const expected = collect(results, () => false);
  const written = outcome(() => map.updateBatch(Buffer.concat(keys), Buffer.concat(values.map(([write]) => write))));
  expect(written).toEqual('error' in expected ? expected : { value: undefined });
}

/** Takes step after step until one fails; counts those that say so. */
function collect(steps: readonly (() => Outcome<boolean>)[], counts: (value: boolean) => boolean): Outcome<number> {
  let count = 0;
  for (const run of steps) {
    const result = run();
    if ('error' in result) return result;
    if (counts(result.value)) count++;
  }
  return { value: count };
}

describe.each(Object.keys(SUBJECTS))('%s', (name) => {
  const patience = patient(process.env['XDPKIT_LONG'] ? 300_000 : 30_000);
  test(`does what its model does, and bpftool shows the same (seed ${seed})`, { timeout: patience }, () => {
    const random = new Random(seed);
    withNamespace(lab.namespace('near'), () => {
      const subject = SUBJECTS[name]!();
      const { map, model, others = [] } = subject;
      try {
        const total = roundsOf(map);
        let compared = 0;
        for (let i = 1; i <= total; i++) {
          step(subject, random);
          if (i % Math.ceil(total / LOOKS) === 0 || i === total) {
            const expected = sorted(model.elements);
            expect(contents(map)).toEqual(expected);
            expect(dumped(map)).toEqual(expected);
            compared += expected.length;
          }
        }
        expect(compared).toBeGreaterThan(0);
      } finally {
        for (const other of [map, ...others]) other[Symbol.dispose]();
      }
    });
  });
});

describe.each(['hash', 'lruHash', 'percpuHash', 'lruPercpuHash'] as const)('%s', (kind) => {
  test('is drained by taking, and no element is lost or seen twice', () => {
    using map = new BpfMap({ kind, name: 'drained', keySize: 4, valueSize: 8, maxEntries: 20_000 });
    const typed = map.typed('u32', map.lookupSize === 8 ? 'u64' : perCpu('u64'));
    const count = 5_000;
    const value = (i: number) => (map.lookupSize === 8 ? i : Array.from({ length: possibleCpus() }, () => i));
    typed.setAll(Array.from({ length: count }, (_, i) => [i, value(i)] as const) as never);
    expect(new Set([...typed.keys()]).size).toBe(count);
    const taken = [...map.batches({ take: true })].reduce((sum, batch) => sum + batch.count, 0);
    expect(taken).toBe(count);
    expect([...map.keys()]).toEqual([]);
  });
});
