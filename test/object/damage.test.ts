// needs: clang-14
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BpfObject, type MapDefinition } from '../../dist/object/index.js';
import { openResources, XdpError } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { compile, EXAMPLES } from './compile.js';
import { headersOf, sectionsOf } from './elf-places.js';

failOnLeaks();

/** How many damaged files: XDPKIT_LONG=1 for as many as were tried once. */
const CASES = process.env['XDPKIT_LONG'] ? 20_000 : 500;
/** Milliseconds in which a file has to be taken apart or refused, on a machine that has other things to do as well. */
const LIMIT = 2000;
/** Bytes of maps that are still made. */
const AFFORDABLE = 1 << 22;
const NUMBERS = [0, 1, 2, 7, 8, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Numbers below `limit` that look like chance, and are the same in every run (mulberry32). */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Breaks a file in up to four places. */
function damage(file: Buffer, roll: (limit: number) => number): Buffer {
  let broken = Buffer.from(file);
  const places = [...headersOf(file), ...sectionsOf(file)].filter(({ name }) => !name.includes('debug'));
  for (let i = roll(4); i >= 0; i--) {
    const { offset, size } = places[roll(places.length)]!;
    const byte = offset + roll(size);
    const word = offset + (roll(size) & ~3);
    const kind = roll(20);
    if (kind === 0) broken = broken.subarray(0, roll(broken.length + 1));
    else if (kind === 1) broken.copy(broken, roll(broken.length + 1), roll(broken.length + 1));
    else if (kind < 6 && byte < broken.length) broken[byte]! ^= 1 << roll(8);
    else if (kind < 9 && byte < broken.length) broken[byte] = roll(256);
    else if (word + 4 > broken.length) continue;
    else if (kind < 15) broken.writeUInt32LE(NUMBERS[roll(NUMBERS.length)]!, word);
    else broken.writeUInt32LE((broken.readUInt32LE(word) + roll(17) - 8) >>> 0, word);
  }
  return broken;
}

/** About how much memory the kernel would take for its maps. */
function costOf({ maps, variables }: BpfObject): number {
  const ofMap = ({ keySize, valueSize, maxEntries, inner }: MapDefinition): number =>
    (keySize + valueSize + 64) * maxEntries + (inner ? ofMap(inner) : 0);
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  return sum([...maps.values()].map(ofMap)) + sum([...variables.values()].map(({ size }) => size));
}

/** Opens and loads. @returns what came of it; throws what is no XdpError */
function attempt(file: Uint8Array): string {
  const start = performance.now();
  let step = 'open';
  try {
    const object = BpfObject.open(file);
    for (const variable of object.variables.values()) variable.get();
    expect(performance.now() - start).toBeLessThan(LIMIT);
    if (costOf(object) > AFFORDABLE) return 'opened';
    step = 'load';
    using loaded = object.load();
    for (const [name, { keySize }] of loaded.maps) if (keySize > 0) for (const _ of loaded.typedMap(name));
    return 'loaded';
  } catch (error) {
    if (!(error instanceof XdpError)) throw error;
    expect(error.message).not.toBe('');
    return `${step} ${error.code}`;
  }
}

test(`${CASES} damaged files load, or are refused with a code`, { timeout: patient(CASES * 60) }, () => {
  const files = EXAMPLES.map((name) => readFileSync(compile(name)));
  const outcomes: Record<string, number> = {};
  for (let seed = 1; seed <= CASES; seed++) {
    const roll = dice(seed * 7919);
    const file = damage(files[roll(files.length)]!, roll);
    let outcome: string;
    try {
      outcome = attempt(file);
    } catch (cause) {
      throw new Error(`damaged file ${seed}`, { cause });
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (openResources().length > 0) throw new Error(`damaged file ${seed} left something open`);
  }
  if (process.env['XDPKIT_LONG']) console.log(outcomes);
  // The damage went deep, and not too deep.
  for (const outcome of ['open XDP_ERR_OBJECT', 'load XDP_ERR_OBJECT', 'load XDP_ERR_VERIFIER', 'loaded']) {
    expect(outcomes[outcome] ?? 0, JSON.stringify(outcomes)).toBeGreaterThan(CASES / 100);
  }
});

describe('cut off', () => {
  test.each(EXAMPLES)('%s, anywhere, is refused', (name) => {
    const file = readFileSync(compile(name));
    // The table of sections stands at the end.
    const step = process.env['XDPKIT_LONG'] ? 1 : 97;
    for (let length = 0; length < file.length; length += step) {
      expect(() => BpfObject.open(file.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'XDP_ERR_OBJECT' }),
      );
    }
  });
});
