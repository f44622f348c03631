import type { Prefix, Range } from '../model/index.js';
import type { Base, ClassSet } from './packet-classes.js';

/** One thing a program looks at. Where `known` is true, parsing has found the bytes to be there; otherwise the test does, and is false if they are not. */
export type PacketTest =
  | ClassTest
  | PresentTest
  | FieldTest
  | BytesTest
  | PrefixesTest
  | MacsTest
  | LengthTest
  | NoteTest
  | LongConnectionIdTest
  | InnerIpv4Test
  | ExpressionTest
  | RowBitsTest
  | RowListTest
  | ShapeTest;

/** So many bytes of the row that the function of a shape was called for, instead of a constant: see shape.ts. */
export interface RowBytes {
  readonly row: number;
  readonly length: number;
}

export type Bytes = Uint8Array | RowBytes;

/** The packet's class is one of these. */
interface ClassTest {
  readonly kind: 'class';
  readonly classes: ClassSet;
}

interface Place {
  readonly base: Base;
  /** Bytes behind the base. */
  readonly offset: number;
  readonly known: boolean;
}

/** The frame reaches to `offset` bytes behind the base. */
interface PresentTest extends Place {
  readonly kind: 'present';
}

/** A number of 1, 2 or 4 bytes, of which `>> shift & mask` is in the set. */
export interface FieldTest extends Place {
  readonly kind: 'field';
  readonly size: 1 | 2 | 4;
  readonly shift: number;
  readonly mask: number;
  readonly ranges: readonly Range[];
}

/** Bytes that are `value` under `mask`. */
export interface BytesTest extends Place {
  readonly kind: 'bytes';
  readonly value: Bytes;
  readonly mask: Bytes;
  /** Where in the row a number of 32 bits stands that the offset is larger by: 16,383 at most. */
  readonly offsetRow?: number;
}

/** Bytes that begin with one of many prefixes of one length of address. */
export interface PrefixesTest extends Place {
  readonly kind: 'prefixes';
  readonly prefixes: readonly Prefix[];
}

/** Six bytes that are one of many. */
export interface MacsTest extends Place {
  readonly kind: 'macs';
  readonly macs: readonly Uint8Array[];
}

export interface LengthTest {
  readonly kind: 'length';
  readonly ranges: readonly Range[];
}

/** What the walk along IPv6's extension headers has noted. */
export interface NoteTest {
  readonly kind: 'note';
  readonly note: 'protocol6' | 'fragment6';
  readonly ranges: readonly Range[];
}

/** A long header of QUIC whose source connection ID has these bytes at an offset. The base is the UDP header, or TCP's payload. */
export interface LongConnectionIdTest {
  readonly kind: 'longConnectionId';
  readonly base: 'transport' | 'tcpPayload';
  readonly offset: number;
  readonly id: Bytes;
}

/** Where transport begins stands an IPv4 header with this destination, and behind it a UDP header. */
export interface InnerIpv4Test {
  readonly kind: 'innerIpv4';
  readonly value: Bytes;
  readonly mask: Bytes;
}

export interface ExpressionTest {
  readonly kind: 'expression';
  readonly expression: string;
}

/** A number is in the set whose bitmap begins where the row says. */
export interface RowBitsTest {
  readonly kind: 'rowBits';
  /** Its ranges don't count. */
  readonly number: FieldTest | LengthTest;
  readonly map: string;
  readonly row: number;
}

/** Bytes are in the list of the number that stands in the row. */
export interface RowListTest extends Place {
  readonly kind: 'rowList';
  readonly size: 4 | 6 | 16;
  readonly map: string;
  readonly row: number;
}

/** What the function of a shape says of one of its rows. */
export interface ShapeTest {
  readonly kind: 'shape';
  readonly name: string;
  readonly row: number;
}

const identities = new WeakMap<object, number>();
let identitiesGiven = 0;

/** Two tests with the same key are the same. Sets are told apart by identity: the same member of a match is. */
export function testKey(test: PacketTest): string {
  return JSON.stringify(test, (_name, value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (Array.isArray(value) && value.length > 16) return `#${identityOf(value)}`;
    return value;
  });
}

function identityOf(thing: object): number {
  const known = identities.get(thing);
  if (known !== undefined) return known;
  identitiesGiven++;
  identities.set(thing, identitiesGiven);
  return identitiesGiven;
}
