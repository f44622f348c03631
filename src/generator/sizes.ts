import { parseWhole, wholeNumber } from './numbers.js';
import { usage } from './usage.js';

/** Bytes of a frame: at least its Ethernet header, at most a jumbo frame. */
const MIN_SIZE = 14;
const MAX_SIZE = 9216;
/** Frames after which a mix begins again, at most. */
const MAX_CYCLE = 65_536;

/** Which sizes frames have. */
export interface Sizes {
  /** Frame n has the size at n modulo the length, or the one at random. */
  readonly cycle: readonly number[];
  readonly random: boolean;
}

/** @throws XDP_ERR_USAGE */
export function parseSizes(value: number | string): Sizes {
  const text = String(value).trim();
  const random = text.startsWith('random:');
  const body = random ? text.slice('random:'.length) : text;
  const cycle = body.includes('-') ? range(body) : body.includes(':') ? mix(body) : [size(body)];
  return { cycle, random: random && cycle.length > 1 };
}

function size(text: string): number {
  return parseWhole(text, MIN_SIZE, MAX_SIZE);
}

function range(text: string): number[] {
  const match = /^(\w+)-(\w+)(?:\+(\w+))?$/.exec(text);
  const [first, last] = [size(match?.[1] ?? text), size(match?.[2] ?? text)];
  const step = match?.[3] === undefined ? 1 : parseWhole(match[3], 1, MAX_SIZE);
  if (last < first) throw usage(`the range ${text} ends before it begins`);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

/** `64:7,576:4,1500:1`, evenly spread: each step, everybody gains its share, and whoever has most goes and pays all. */
function mix(text: string): number[] {
  const parts = text.split(',').map((part) => {
    const [sizeText = '', weightText = '', ...rest] = part.split(':');
    const weight = wholeNumber(weightText);
    if (weight === undefined || weight === 0n || rest.length > 0) {
      throw usage(`${JSON.stringify(part)} is no size and weight`, 'a mix looks like 64:7,576:4,1500:1');
    }
    return { size: size(sizeText), weight: Number(weight), credit: 0 };
  });
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  if (total > MAX_CYCLE) throw usage(`the weights add up to ${total}, more than ${MAX_CYCLE}`);
  return Array.from({ length: total }, () => {
    let next = parts[0]!;
    for (const part of parts) {
      part.credit += part.weight;
      if (part.credit > next.credit) next = part;
    }
    next.credit -= total;
    return next.size;
  });
}
