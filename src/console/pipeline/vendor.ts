import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Hexadecimal digits of the IEEE's blocks: MA-S, MA-M and MA-L, the most exact one first. */
const PREFIXES = [9, 7, 6];

let vendors: ReadonlyMap<string, string> | undefined;

/**
 * Who the IEEE has given the prefix of an address to, by the package oui-data. Reading it takes a tenth of a second, once,
 * at the first call.
 *
 * @param mac lower case with colons
 */
export function vendorOfMac(mac: string): string | undefined {
  vendors ??= readVendors();
  const digits = mac.replaceAll(':', '').toUpperCase();
  for (const length of PREFIXES) {
    const vendor = vendors.get(digits.slice(0, length));
    if (vendor !== undefined) return vendor;
  }
  return undefined;
}

function readVendors(): ReadonlyMap<string, string> {
  const file = createRequire(import.meta.url).resolve('oui-data');
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  // Behind the name follows an address, which would take most of the memory; and many prefixes have the same name.
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const name = text.split('\n', 1)[0]!;
    if (!names.has(name)) names.set(name, name);
    return names.get(name)!;
  };
  return new Map(Object.entries(entries).map(([prefix, text]) => [prefix, nameOf(text)]));
}
