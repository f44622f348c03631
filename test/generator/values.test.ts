import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chance, chanceKey, choose } from '../../dist/generator/chance.js';
import { parseCount, parseDuration, parseRate } from '../../dist/generator/pace.js';
import { parsePayload, payloadBytes } from '../../dist/generator/payload.js';
import { parseSizes } from '../../dist/generator/sizes.js';

const refused = expect.objectContaining({ code: 'XDP_ERR_USAGE' });

describe('sizes', () => {
  test('one, a range, with a step', () => {
    expect(parseSizes(64)).toEqual({ cycle: [64], random: false });
    expect(parseSizes('64-67')).toEqual({ cycle: [64, 65, 66, 67], random: false });
    expect(parseSizes('random:100-300+100')).toEqual({ cycle: [100, 200, 300], random: true });
    expect(parseSizes('random:64')).toEqual({ cycle: [64], random: false });
  });

  test('a mix has each size as often as its weight says, evenly spread', () => {
    const { cycle } = parseSizes('64:7,576:4,1500:1');
    expect(cycle).toEqual([64, 576, 64, 64, 576, 64, 1500, 64, 576, 64, 576, 64]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const { cycle } = parseSizes(weights.map((weight, i) => `${64 + i}:${weight}`).join(','));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        expect(cycle).toHaveLength(total);
        for (const [i, weight] of weights.entries()) {
          const seen = (upTo: number) => cycle.slice(0, upTo).filter((size) => size === 64 + i).length;
          expect(seen(total)).toBe(weight);
          // Nowhere far from its share: smooth weighted round robin strays by less than the number of sizes.
          for (let n = 1; n <= total; n++)
            expect(Math.abs(seen(n) - (n * weight) / total)).toBeLessThan(weights.length);
        }
      }),
    );
  });

  test.each(['13', '9217', '', '64-', '-64', '100-64', '64:0', '64:x', '64:1:2', '64:1,', '64,128', '64:65537'])(
    '%s is refused',
    (text) => expect(() => parseSizes(text)).toThrow(refused),
  );
});

describe('payloads', () => {
  const text = (what: string, length: number, seed = 0) =>
    Buffer.from(payloadBytes(parsePayload(what), length, seed)).toString('latin1');

  test('repeated up to the length', () => {
    expect(text('zeros', 3)).toBe('\0\0\0');
    expect(text('text:abc', 7)).toBe('abcabca');
    expect(text('hex:4142', 3)).toBe('ABA');
    expect(text('pattern', 300).charCodeAt(257)).toBe(1);
    expect(parsePayload('text:grüße').natural).toBe(7);
  });

  test('by chance: the same for the same seed, its beginning the same for every length', () => {
    expect(text('random', 100, 1)).toBe(text('random', 100, 1));
    expect(text('random', 100, 1)).not.toBe(text('random', 100, 2));
    expect(text('random', 101, 1).slice(0, 100)).toBe(text('random', 100, 1));
  });

  test.each(['', 'text', 'text:', 'hex:', 'hex:1', 'hex:xy', 'noise'])('%s is refused', (what) => {
    expect(() => parsePayload(what)).toThrow(refused);
  });
});

describe('pace', () => {
  test('rates in frames and bits', () => {
    const frames = (perSecond: number) => ({ unit: 'frames', perSecond });
    const bits = (perSecond: number) => ({ unit: 'bits', perSecond });
    expect(parseRate('max')).toEqual({ unit: 'max' });
    expect(parseRate(1000)).toEqual(frames(1000));
    expect(parseRate('1.5M')).toEqual(frames(1_500_000));
    expect(parseRate('100kpps')).toEqual(frames(100_000));
    expect(parseRate('0.5')).toEqual(frames(0.5));
    expect(parseRate('1Gbit')).toEqual(bits(1e9));
    expect(parseRate('250Mbit/s')).toEqual(bits(250e6));
    expect(parseRate('64kbitps')).toEqual(bits(64_000));
  });
  test.each(['', '0', '-1', '1x', '1 M', 'M', '1.2.3', '2000G', 'Infinity', '1Mbyte'])('rate %s is refused', (text) => {
    expect(() => parseRate(text)).toThrow(refused);
  });

  test('counts and times', () => {
    expect([parseCount(5), parseCount('1M'), parseCount('2.5k')]).toEqual([5, 1_000_000, 2500]);
    expect([parseDuration(10), parseDuration('1.5s'), parseDuration('20ms'), parseDuration('2m')]).toEqual([
      10_000, 1500, 20, 120_000,
    ]);
    for (const text of ['0', '-1', '1.5', 'x', '', '1e9']) expect(() => parseCount(text)).toThrow(refused);
    for (const text of ['0', '-1', '25d', '', '1h30m', '600h']) expect(() => parseDuration(text)).toThrow(refused);
  });
});

describe('chance', () => {
  test('choosing is the upper half of a product of 64 bits', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(u32, fc.integer({ min: 1, max: 2 ** 32 }), (bits, count) => {
        expect(choose(bits, count)).toBe(Number((BigInt(bits) * BigInt(count)) >> 32n));
      }),
      { numRuns: 2000 },
    );
  });

  test('frames, seeds and streams have chances of their own, evenly spread', () => {
    for (const key of [chanceKey(0, 0), chanceKey(0, 1), chanceKey(1, 0)]) {
      const buckets = new Array<number>(16).fill(0);
      for (let n = 0; n < 16_000; n++) buckets[choose(chance(key, n), 16)]!++;
      // 1000 each, with a standard deviation of about 31.
      for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(160);
    }
    const first = (seed: number, stream: number) => chance(chanceKey(seed, stream), 0);
    const all = [0, 1, 2, 3].flatMap((seed) => [0, 1, 2, 3, 1000].map((stream) => first(seed, stream)));
    expect(new Set(all).size).toBe(all.length);
    // Two streams don't follow one another.
    const [a, b] = [chanceKey(0, 3), chanceKey(0, 4)];
    let agree = 0;
    for (let n = 0; n < 10_000; n++) if (choose(chance(a, n), 10) === choose(chance(b, n), 10)) agree++;
    expect(Math.abs(agree - 1000)).toBeLessThan(160);
  });

  test('numbers beyond 32 bits count', () => {
    const key = chanceKey(5, 5);
    const values = [7, 7 + 2 ** 32, 7 + 2 ** 33, 7 + 2 ** 52].map((n) => chance(key, n));
    expect(new Set(values).size).toBe(4);
  });
});
