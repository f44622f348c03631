import { type QuicMatch, type QuicPacketName, toList } from '../model/index.js';
import { type Field, fieldIn, fieldIs, present } from './fields.js';
import { and, or } from './formula.js';
import type { Formula } from './formula-node.js';
import { rangesOf } from './number-sets.js';
import type { ClassSet } from './packet-classes.js';

/** What all versions share (RFC 8999), behind the 8 bytes of UDP. */
const form: Field = { base: 'transport', offset: 8, size: 1, shift: 7, mask: 1 };
const versionField: Field = { base: 'transport', offset: 9, size: 4 };
const type: Field = { ...form, shift: 4, mask: 3 };

/** Versions 1 (RFC 9000) and 2 (RFC 9369), and how each numbers the types of long headers. */
const VERSIONS = [
  { version: 1, types: { initial: 0, 'zero-rtt': 1, handshake: 2, retry: 3 } },
  { version: 0x6b3343cf, types: { initial: 1, 'zero-rtt': 2, handshake: 3, retry: 0 } },
] as const;

export function lowerQuic(classes: ClassSet, match: QuicMatch): Formula {
  const long = fieldIs(classes, form, 1);
  const packets = match.packet === undefined ? undefined : toList(match.packet);
  return and([
    present(classes, 'transport', 9),
    match.form === undefined ? true : fieldIs(classes, form, match.form === 'long' ? 1 : 0),
    match.version === undefined ? true : and([long, fieldIn(classes, versionField, rangesOf(match.version))]),
    packets === undefined ? true : or(packets.map((packet) => packetIs(classes, packet))),
  ]);
}

function packetIs(classes: ClassSet, packet: QuicPacketName): Formula {
  if (packet === 'one-rtt') return fieldIs(classes, form, 0);
  const long = fieldIs(classes, form, 1);
  if (packet === 'version-negotiation') return and([long, fieldIs(classes, versionField, 0)]);
  return and([
    long,
    or(
      VERSIONS.map(({ version, types }) =>
        and([fieldIs(classes, versionField, version), fieldIs(classes, type, types[packet])]),
      ),
    ),
  ]);
}
