import { describe, expect, test } from 'vitest';
import { type CidCodec, CidFailure, cidCodec } from '../../dist/quic/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { Random } from '../rules/random.js';
import { CODECS, someId } from './codecs.js';
import { interpretedDecoder, KernelDecoder, packetOf } from './decoding.js';

failOnLeaks();

const long = process.env['XDPKIT_LONG'] === '1';
/** Of each codec. The interpreter takes a hundred times as long as the kernel. */
const IDS = long ? 1_000_000 : 2_000;
const INTERPRETED = long ? 20_000 : 100;

/** Decodes IDs in three ways. @returns how often each result came up; servers count together */
function compare(codec: CidCodec, seed: number): Record<string, number> {
  const random = new Random(seed);
  using kernel = new KernelDecoder(codec);
  const interpreted = interpretedDecoder(codec);
  const results: Record<string, number> = {};
  for (let i = 0; i < IDS; i++) {
    const id = someId(random, codec);
    const wanted = codec.decode(id);
    const packet = packetOf(id, random.chance(0.5) ? 'long' : 'short');
    const got = kernel.decode(packet);
    const also = i < INTERPRETED ? interpreted(packet) : wanted;
    if (got !== wanted || also !== wanted) {
      const told = `${Buffer.from(id).toString('hex')}: decode ${wanted}, kernel ${got}, interpreter ${also}`;
      throw new Error(told);
    }
    const kind = wanted >= 0 ? 'server' : `${wanted}`;
    results[kind] = (results[kind] ?? 0) + 1;
  }
  return results;
}

describe('the program decodes as TypeScript does, in the kernel and in the interpreter', () => {
  test.each(Object.entries(CODECS))('%s', { timeout: patient(long ? 3_600_000 : 30_000) }, (name, options) => {
    const codec = cidCodec(options);
    const results = compare(codec, 1);
    if (long) console.log(name, JSON.stringify(results));
    // Otherwise the comparison would say little.
    expect(results['server']).toBeGreaterThan(IDS / 10);
    expect(results[`${CidFailure.tooShort}`]).toBeGreaterThan(0);
  });
});
