import { chance, chanceKey } from './chance.js';
import { usage } from './usage.js';

/** What follows the headers of a frame. */
export interface Payload {
  /** Bytes to repeat; `undefined` is a payload by chance. */
  readonly unit: Uint8Array | undefined;
  /** Bytes that it has when nobody says how large a frame is. */
  readonly natural: number | undefined;
  /** Whether its end is what receivers measure by. */
  readonly measure: boolean;
}

const ZEROS: Payload = { unit: Uint8Array.of(0), natural: undefined, measure: false };

/** @throws XDP_ERR_USAGE */
export function parsePayload(text: string): Payload {
  if (text === 'zeros') return ZEROS;
  if (text === 'measure') return { ...ZEROS, measure: true };
  if (text === 'pattern') return { ...ZEROS, unit: Uint8Array.from({ length: 256 }, (_, i) => i) };
  if (text === 'random') return { ...ZEROS, unit: undefined };
  const [, kind, body = ''] = /^(text|hex):(.*)$/s.exec(text) ?? [];
  if (kind === 'hex' && !/^(?:[0-9a-f]{2})+$/i.test(body)) {
    throw usage(`${JSON.stringify(body)} is no whole number of hexadecimal bytes, such as c0ffee`);
  }
  if (kind === undefined || body === '') {
    throw usage(
      `${JSON.stringify(text)} is no payload`,
      'it is zeros, pattern, random, measure, text:SOMETHING or hex:C0FFEE',
    );
  }
  const unit = new Uint8Array(Buffer.from(body, kind === 'hex' ? 'hex' : 'utf8'));
  return { unit, natural: unit.length, measure: false };
}

/** Words of a payload by chance have a stream of their own. */
const CHANCE_STREAM = 1000;

/** Its bytes, `length` of them. Fewer are the beginning of more. */
export function payloadBytes({ unit }: Payload, length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const key = chanceKey(seed, CHANCE_STREAM);
  for (let i = 0; i < length; i++) {
    bytes[i] = unit === undefined ? chance(key, i >> 2) >>> (8 * (i & 3)) : unit[i % unit.length]!;
  }
  return bytes;
}
