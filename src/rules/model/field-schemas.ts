import { z } from 'zod';
import { macText, parseIp, parseMac } from '../../wire/index.js';
import { ipText, maskAddress, parsePrefix, prefixText } from './addresses.js';
import { type NumberRange, type Numbers, type OneOrMore, parseRange, rangeText } from './numbers.js';
import { RULE_LIMITS } from './rule-set.js';

/**
 * Schemas of single members. Each reads a value into the form it is written in (prefixes as RFC 5952 has them, MAC
 * addresses in lower case), and its messages follow the member's name: "port" "is 0 to 65535, not 70000".
 */

/** How a value that is not right is shown. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    // YAML's aliases can make a list that contains itself, and JSON nests as deep as anybody likes.
    text = 'something that has no end';
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The one member's or entry's reader: the canonical value, or what is wrong with it. */
type Reader<T> = (value: unknown) => { value: T } | { problem: string };

type JsonSchema = Readonly<Record<string, unknown>>;

function member<T>(read: Reader<T>, json: JsonSchema): z.ZodType<T> {
  return z
    .unknown()
    .transform((value, ctx): T => {
      const result = value === undefined ? { problem: 'is missing' } : read(value);
      if ('value' in result) return result.value;
      ctx.issues.push({ code: 'custom', message: result.problem, input: value });
      return z.NEVER;
    })
    .meta(json);
}

/** One, or a list that is not empty. */
function oneOrMore<T>(read: Reader<T>, json: JsonSchema): z.ZodType<OneOrMore<T>> {
  const list = { type: 'array', items: json, minItems: 1, maxItems: RULE_LIMITS.entries };
  return z
    .unknown()
    .transform((value, ctx): OneOrMore<T> => {
      const problem = (message: string, path: number[] = []) =>
        ctx.issues.push({ code: 'custom', message, input: value, path });
      if (value === undefined) problem('is missing');
      else if (!Array.isArray(value)) {
        const result = read(value);
        if ('value' in result) return result.value;
        problem(result.problem);
      } else if (value.length === 0) problem('is an empty list');
      else if (value.length > RULE_LIMITS.entries) {
        problem(`has ${value.length} entries; ${RULE_LIMITS.entries} are the most`);
      } else {
        const before = ctx.issues.length;
        const entries: T[] = [];
        for (const [i, entry] of value.entries()) {
          const result = read(entry);
          if ('value' in result) entries.push(result.value);
          else problem(result.problem, [i]);
        }
        if (ctx.issues.length === before) return entries;
      }
      return z.NEVER;
    })
    .meta({ anyOf: [json, list] });
}

const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);

export function integer(min: number, max: number): z.ZodType<number> {
  return member(
    (value) => {
      if (isInteger(value) && value >= min && value <= max) return { value };
      const what = typeof value === 'number' ? `${min} to ${max}` : `a number from ${min} to ${max}`;
      return { problem: `is ${what}, not ${shown(value)}` };
    },
    { type: 'integer', minimum: min, maximum: max },
  );
}

export function numbers(max: number): z.ZodType<Numbers> {
  return oneOrMore<NumberRange>(
    (value) => {
      const range = parseRange(value);
      if (range !== undefined && range.from >= 0 && range.to <= max) return { value: rangeText(range) };
      const right = `0 to ${max}`;
      if (range !== undefined) return { problem: `is ${right}, not ${shown(value)}` };
      return { problem: `is a number from ${right}, or a range such as "1-5", not ${shown(value)}` };
    },
    {
      anyOf: [
        { type: 'integer', minimum: 0, maximum: max },
        { type: 'string', pattern: '^(0[xX][0-9a-fA-F]+|[0-9]+)(-(0[xX][0-9a-fA-F]+|[0-9]+))?$' },
      ],
    },
  );
}

/** A text that `parse` throws at when it isn't right. */
function parsed<T>(value: unknown, what: string, parse: (text: string) => T): { value: T } | { problem: string } {
  try {
    if (typeof value === 'string') return { value: parse(value) };
  } catch {
    // Told below, in the words that a number gets as well.
  }
  return { problem: `is ${what}, not ${shown(value)}` };
}

export const macs: z.ZodType<OneOrMore<string>> = oneOrMore(
  (value) => parsed(value, 'an Ethernet address such as 02:00:00:00:00:01', (text) => macText(parseMac(text))),
  { type: 'string', pattern: '^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$' },
);

function address(version: 4 | 6): z.ZodType<string> {
  const size = version === 4 ? 4 : 16;
  const example = version === 4 ? 'an IPv4 address such as 192.0.2.1' : 'an IPv6 address such as 2001:db8::1';
  return member(
    (value) =>
      parsed(value, example, (text) => {
        const bytes = parseIp(text);
        if (bytes.length !== size) throw new RangeError('the other version');
        return ipText(bytes);
      }),
    { type: 'string', format: version === 4 ? 'ipv4' : 'ipv6' },
  );
}

export const ipv4Address: z.ZodType<string> = address(4);
export const ipv6Address: z.ZodType<string> = address(6);

export const prefixes: z.ZodType<OneOrMore<string>> = oneOrMore(
  (value) => {
    const result = parsed(value, 'a prefix such as 10.0.0.0/8 or 2001:db8::/32', (text) => {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new RangeError('too long');
      return prefix;
    });
    if ('problem' in result) return result;
    const { length } = result.value;
    const right = prefixText({ address: maskAddress(result.value.address, length), length });
    const written = prefixText(result.value);
    return right === written
      ? { value: written }
      : { problem: `has bits behind its length: ${shown(value)} should be ${shown(right)}` };
  },
  { type: 'string', pattern: '^[0-9a-fA-F:.]+(/[0-9]{1,3})?$' },
);

/** Bytes as hexadecimal digits. */
export function hex(min: number, max: number): z.ZodType<string> {
  return member(
    (value) => {
      if (typeof value === 'number') {
        return { problem: `is hexadecimal digits, two to a byte, in quotes: ${value} was read as a number` };
      }
      if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/i.test(value)) {
        return { problem: `is hexadecimal digits, two to a byte, not ${shown(value)}` };
      }
      const length = value.length / 2;
      if (length >= min && length <= max) return { value: value.toLowerCase() };
      return { problem: `has ${min} to ${max} bytes, not ${length}` };
    },
    { type: 'string', pattern: `^([0-9a-fA-F]{2}){${min},${max}}$` },
  );
}

/** A text of which `pattern` is true. */
export function text(pattern: RegExp, what: string): z.ZodType<string> {
  return member(
    (value) =>
      typeof value === 'string' && pattern.test(value) ? { value } : { problem: `is ${what}, not ${shown(value)}` },
    { type: 'string', pattern: pattern.source },
  );
}

/** A list of different words out of some. */
export function words<const W extends string>(all: readonly W[]): z.ZodType<readonly W[]> {
  const one = word(all);
  return z
    .array(one)
    .min(1, { error: 'is an empty list' })
    .meta({ uniqueItems: true })
    .transform((list) => all.filter((name) => list.includes(name)));
}

export function word<const W extends string>(all: readonly W[]): z.ZodType<W> {
  return z.enum(all, {
    error: ({ input }) => `is ${alternatives(all)}, not ${shown(input)}`,
  }) as unknown as z.ZodType<W>;
}

/** One word out of some, or a list of them. */
export function wordOrWords<const W extends string>(all: readonly W[]): z.ZodType<OneOrMore<W>> {
  return oneOrMore<W>(
    (value) =>
      all.includes(value as W) ? { value: value as W } : { problem: `is ${alternatives(all)}, not ${shown(value)}` },
    { enum: all },
  );
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
