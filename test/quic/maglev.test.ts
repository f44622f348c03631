import { describe, expect, test } from 'vitest';
import { MAGLEV_SLOTS, type MaglevBackend, maglevTable, NO_BACKEND } from '../../dist/quic/index.js';
import { Random } from '../rules/random.js';

const backends = (count: number, weight: (i: number) => number = () => 1, first = 0): MaglevBackend[] =>
  Array.from({ length: count }, (_, slot) => ({ slot, id: first + slot, weight: weight(slot) }));

function shares(table: Uint16Array): Map<number, number> {
  const found = new Map<number, number>();
  for (const slot of table) found.set(slot, (found.get(slot) ?? 0) + 1);
  return found;
}

describe('shares', () => {
  test.each([1, 2, 3, 10, 100, 4096])('%i backends of one weight differ by a slot at most', (count) => {
    const found = [...shares(maglevTable(backends(count))).values()];
    expect(found).toHaveLength(count);
    expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(1);
  });

  test('are by weight', () => {
    const all = backends(50, (i) => 1 + (i % 7) ** 2);
    const sum = all.reduce((total, { weight }) => total + weight, 0);
    const found = shares(maglevTable(all));
    for (const { slot, weight } of all) {
      expect(Math.abs(found.get(slot)! - (weight * MAGLEV_SLOTS) / sum)).toBeLessThan(2);
    }
  });

  test('without backends nobody has one', () => {
    expect([...shares(maglevTable([]))]).toEqual([[NO_BACKEND, MAGLEV_SLOTS]]);
  });
});

test('the order that backends are named in is of no account', () => {
  const all = backends(20, (i) => 1 + (i % 3));
  expect(maglevTable(all.toReversed())).toEqual(maglevTable(all));
});

/** Slots of which the backend is another one. */
function moved(before: Uint16Array, after: Uint16Array): number {
  return before.reduce((count, slot, i) => count + (after[i] === slot ? 0 : 1), 0);
}

test('removing one of ten moves at most 1.1 times its share, and adding it moves as much back', () => {
  const random = new Random(1);
  for (let round = 0; round < 10; round++) {
    const all = backends(10, undefined, random.u32() & 0xffff_ff00);
    const before = maglevTable(all);
    const gone = random.below(10);
    const after = maglevTable(all.filter(({ slot }) => slot !== gone));
    const share = shares(before).get(gone)!;
    expect(moved(before, after)).toBeGreaterThanOrEqual(share);
    expect(moved(before, after)).toBeLessThanOrEqual(1.1 * share);
    expect(shares(after).has(gone)).toBe(false);
  }
});

test('another weight of one moves little of what the others have', () => {
  const before = maglevTable(backends(10, () => 4));
  const after = maglevTable(backends(10, (i) => (i === 3 ? 2 : 4)));
  const lost = shares(before).get(3)! - shares(after).get(3)!;
  expect(lost).toBeGreaterThan(0.4 * shares(before).get(3)!);
  expect(moved(before, after)).toBeLessThan(2 * lost);
});
