import { R1, R2, R3, R4, R5, R10 } from '../../ebpf/index.js';
import { QuicVersion } from '../../wire/index.js';
import { CounterKey } from './layouts.js';
import { END, Stack, type SteeringCode, UDP } from './steering-code.js';
import { writeIdCount, writeLongId, writeShortId } from './write-id.js';

/** Bytes of the UDP header, behind which the QUIC packet begins. */
const PAYLOAD = 8;
/** Offsets from the UDP header. */
const FIRST = PAYLOAD;
const VERSION = PAYLOAD + 1;
const LENGTH = PAYLOAD + 5;
const SHORT_ID: number = PAYLOAD + 1;
const LONG_ID: number = PAYLOAD + 6;
/** Bytes of an ID, at most (RFC 9000, section 17.2). */
export const LONGEST_ID = 20;
/**
 * No packet of QUIC is shorter. With a short header: 21 bytes, or it could be no packet (RFC 9000, section 10.3). With a long one:
 * form, version and two lengths, and the 16 bytes of its tag (RFC 9001, section 5.3), with at least 3 bytes between.
 */
export const SHORTEST_PACKET = 21;
export const SHORTEST_LONG_PACKET = 26;

/** A number as a load of little endian reads it where it stands in network order. */
const turned = (value: number): number =>
  (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

/**
 * Reads a short header: its ID is counted and decoded, and goes to `decoded` (behind it), or to `invalid`. A long header goes to `long
 * header`.
 */
export function writeShortHeader(code: SteeringCode): void {
  const { a, plan } = code;
  a.comment('short header');
  a.mov(R1, UDP)
    .alu('+', R1, PAYLOAD + SHORTEST_PACKET)
    .jump('>', R1, END, 'truncated');
  a.load('u8', R1, UDP, FIRST).jump32('&', R1, 0x80, 'long header');
  writeShortId(code, SHORT_ID);
  writeIdCount(code);
  const place = { base: UDP, at: SHORT_ID, end: END, length: LONGEST_ID, reached: LONGEST_ID };
  plan.codec.emitDecode(a, { ...place, stack: codecStack(code), failed: 'invalid' });
}

/** Reads a long header (RFC 8999, section 5.1; RFC 9000, section 17.2; RFC 9369): goes to `decoded`, `invalid`, `hash`, or odd ends. */
export function writeLongHeader(code: SteeringCode): void {
  const { a, plan } = code;
  a.label('long header');
  a.mov(R1, UDP)
    .alu('+', R1, PAYLOAD + SHORTEST_LONG_PACKET)
    .jump('>', R1, END, 'truncated');
  a.store('u32', R10, Stack.mustHash, 0);
  a.load('u32', R2, UDP, VERSION).load('u8', R3, UDP, LENGTH).load('u8', R1, UDP, FIRST);
  a.jump32('==', R2, turned(QuicVersion.v1), 'version 1').jump32('==', R2, 0, 'version 0');
  a.jump32('!=', R2, turned(QuicVersion.v2), 'unknown version');
  // Its types are those of version 1, one further on.
  a.alu32('-', R1, 0x10);
  a.label('version 1').jump32('>', R3, LONGEST_ID, 'forbidden length');
  writeSourceId(code, LONGEST_ID);
  a.alu32('>>', R1, 4).alu32('&', R1, 3).jump32('>', R1, 1, 'id');
  a.comment('Initial or 0-RTT').mov(R2, 1).alu('-', R2, R1).store('u32', R10, Stack.isInitial, R2);
  code.count('initial');
  a.label('client id').store('u32', R10, Stack.mustHash, plan.initial === 'hash' ? 1 : 0);
  a.label('id');
  writeLongId(code, LONG_ID);
  writeIdCount(code);
  a.load('u32', R1, R10, Stack.mustHash).jump32('!=', R1, 0, 'hash');
  a.load('u32', R5, R10, Stack.idKey + CounterKey.length);
  const place = { base: UDP, at: LONG_ID, end: END, length: R5, reached: LONGEST_ID };
  plan.codec.emitDecode(a, { ...place, stack: codecStack(code), failed: 'invalid' });
  a.goto('decoded');
  a.label('unknown version');
  writeSourceId(code, undefined);
  code.count('unknownVersion');
  // No ID of ours is as long: a server answers with version negotiation.
  a.jump32('<=', R3, LONGEST_ID, 'client id').goto('hash');
}

/** Sees that both IDs are in the packet: R3 is the length of the first, and stays, and so does R1. */
function writeSourceId({ a }: SteeringCode, longest: number | undefined): void {
  a.mov(R4, UDP)
    .alu('+', R4, R3)
    .mov(R5, R4)
    .alu('+', R5, LONG_ID + 1)
    .jump('>', R5, END, 'truncated');
  a.load('u8', R4, R4, LONG_ID);
  if (longest !== undefined) a.jump32('>', R4, longest, 'forbidden length');
  a.alu('+', R5, R4).jump('>', R5, END, 'truncated');
}

function codecStack({ plan: { codec } }: SteeringCode): number {
  return Stack.one - codec.stackBytes;
}
