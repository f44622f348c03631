import type { FieldKind } from './field-kinds.js';
import { wholeNumber } from './numbers.js';
import { usage } from './usage.js';

/** What a field holds from frame to frame: `first + step * i`, with i from 0 up to `count`, in order or at random. */
export interface FieldValues {
  /** Bytes of the field; its values are big-endian. */
  readonly bytes: number;
  readonly first: bigint;
  readonly step: bigint;
  readonly count: bigint;
  readonly random: boolean;
}

/** Values that a random choice among a range (not a prefix) can have. */
const MAX_CHOICE = 1n << 32n;

/**
 * Reads how a field varies; see {@link Varying}.
 *
 * @throws XDP_ERR_USAGE
 */
export function parseField(kind: FieldKind, value: number | string): FieldValues {
  const text = String(value).trim();
  const random = text.startsWith('random:');
  const body = random ? text.slice('random:'.length) : text;
  const [, range = '', stepText] = /^(.*?)(?:\+([^+]*))?$/s.exec(body)!;
  const step = stepText === undefined ? 1n : wholeNumber(stepText);
  if (step === undefined || step === 0n) {
    throw usage(`${JSON.stringify(stepText)} is no step`, 'a step is a whole number above 0, as in 1000-1999+10');
  }
  const { first, last, isPrefix } = parseRange(kind, range);
  if (first === last && stepText !== undefined) throw usage(`${body} has a step, but is one value`);
  const count = (last - first) / step + 1n;
  if (count === 1n && first !== last) throw usage(`the step ${step} is longer than the range`);
  if (random && count > MAX_CHOICE && !(isPrefix && step === 1n)) {
    throw usage(`a random choice among ${count} values needs a prefix`, 'as in random:2001:db8::/64');
  }
  return { bytes: kind.bytes, first, step, count, random: random && count > 1n };
}

function parseRange(kind: FieldKind, text: string): { first: bigint; last: bigint; isPrefix: boolean } {
  const slash = text.indexOf('/');
  if (slash >= 0) return { ...parsePrefix(kind, text.slice(0, slash), text.slice(slash + 1)), isPrefix: true };
  const dash = text.indexOf('-');
  const first = parseOne(kind, dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parseOne(kind, text.slice(dash + 1));
  if (last < first) throw usage(`the range ${text} ends before it begins`);
  return { first, last, isPrefix: false };
}

function parsePrefix(kind: FieldKind, text: string, lengthText: string): { first: bigint; last: bigint } {
  const bits = BigInt(kind.bytes) * 8n;
  const length = wholeNumber(lengthText);
  if (kind.max !== (1n << bits) - 1n) throw usage(`${kind.what} has no prefix`, 'write a range, as in 1000-1999');
  if (length === undefined || length > bits) {
    throw usage(`${JSON.stringify(lengthText)} is no prefix length from 0 to ${bits}`);
  }
  const first = parseOne(kind, text);
  const rest = (1n << (bits - length)) - 1n;
  if ((first & rest) !== 0n) {
    throw usage(`${text} has bits behind its first ${length}`, `make them zero, or write a range: ${text}-LAST`);
  }
  return { first, last: first | rest };
}

function parseOne(kind: FieldKind, text: string): bigint {
  const value = kind.parse(text);
  if (value === undefined || value > kind.max) throw usage(`${JSON.stringify(text)} is not ${kind.what}`);
  return value;
}
