import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Hexadecimal digits of the IEEE's blocks: MA-S, MA-M and MA-L, the most exact one first. */
const PREFIXES = [9, 7, 6];

/** By prefix: a name, and behind it an address, each on lines of its own. */
let entries: Readonly<Record<string, string>> | undefined;

/**
 * Who the IEEE has given the prefix of an address to, by the package oui-data. Reading it takes a few tenths of a second
 * and 15 MB, once, at the first call.
 *
 * @param mac lower case with colons
 */
export function vendorOfMac(mac: string): string | undefined {
  entries ??= require('oui-data') as Readonly<Record<string, string>>;
  const digits = mac.replaceAll(':', '').toUpperCase();
  const prefix = PREFIXES.map((length) => digits.slice(0, length)).find((each) => Object.hasOwn(entries!, each));
  return prefix && entries[prefix]?.split('\n', 1)[0];
}
