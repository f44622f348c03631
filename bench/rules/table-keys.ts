import { u32 } from 'xdpkit/kernel';
import { type Match, parsePrefix, toList, toRanges } from 'xdpkit/rules';
import { parseMac } from 'xdpkit/wire';

/** Sizes of keys, by which tables in C are told apart. */
const PORT = 2;
const MAC = 6;
const PREFIX4 = 8;

/** What the lists of a match become as keys of a table in C: ports, MAC addresses, or prefixes of one IP version. */
export function* tableKeys(match: Match, keySize: number): Generator<Uint8Array> {
  if ('all' in match) {
    for (const part of match.all) yield* tableKeys(part, keySize);
  } else if ('type' in match) {
    if ('ports' in match && keySize === PORT) {
      for (const { from, to } of toRanges(match.ports)) {
        for (let port = from; port <= to; port++) yield Uint8Array.of(port >> 8, port & 255);
      }
    } else if ('mac' in match && keySize === MAC) {
      for (const mac of toList(match.mac)) yield parseMac(mac)!;
    } else if ('prefix' in match && keySize >= PREFIX4) {
      for (const text of toList(match.prefix)) {
        const { address, length } = parsePrefix(text)!;
        if (address.length === keySize - 4) yield Uint8Array.of(...u32(length), ...address);
      }
    }
  }
}
