import { ChecksumMemory, IpProtocol, setU16 } from '../wire/index.js';
import { type ChanceKey, chanceKey } from './chance.js';
import { type FieldWindow, fieldWindows } from './field-window.js';
import { type FrameFields, VARYING_FIELDS } from './frame-fields.js';
import { type FrameLayout, firstFrame, layoutOf, placeOf } from './frame-template.js';
import { Measure, markMeasure } from './measure.js';
import { payloadBytes } from './payload.js';
import { usage } from './usage.js';

/** A frame of one size, in which every varying field has its first value. */
export interface FrameTemplate {
  readonly bytes: Uint8Array;
  /** Of the bytes. */
  readonly length: number;
  /**
   * Sums of what the checksums cover, pseudo-header included, without the windows and the measured values: what those
   * hold is added (RFC 1624, equation 3, with an old value of 0).
   */
  readonly headerSum: number;
  readonly transportSum: number;
  /** Where the measuring payload begins; -1 without one. */
  readonly measure: number;
}

/** How to write any frame of a description: the result of {@link planFrames}. */
export interface FramePlan {
  /** One for each size. */
  readonly templates: readonly FrameTemplate[];
  /** Frame n has the template whose number stands at n modulo the length, or at a place chosen by chance. */
  readonly cycle: Uint16Array;
  readonly cycleKey: ChanceKey | undefined;
  readonly windows: readonly FieldWindow[];
  readonly layout: FrameLayout;
  /** A checksum of 0 is written as 0xffff (RFC 768). */
  readonly isUdp: boolean;
}

const DEFAULT_SIZE = 64;
/** Streams of chance below this are those of the fields. */
const SIZE_STREAM = 1001;

/**
 * Works a description out: templates, and what changes from frame to frame.
 *
 * @throws XDP_ERR_USAGE when a size doesn't hold the headers, or a field's values lie too far apart
 */
export function planFrames(fields: FrameFields): FramePlan {
  const layout = layoutOf(fields);
  const needed = layout.payload + (fields.payload.measure ? Measure.length : 0);
  const natural = fields.payload.natural;
  const standard = natural === undefined ? Math.max(DEFAULT_SIZE, needed) : layout.payload + natural;
  const { cycle, random } = fields.sizes ?? { cycle: [standard], random: false };
  const sizes = [...new Set(cycle)];
  const smallest = Math.min(...sizes);
  if (smallest < needed) {
    const measure = fields.payload.measure ? ' and the measuring payload' : '';
    throw usage(`a size of ${smallest} bytes doesn't hold the headers${measure}`, `they need ${needed} bytes`);
  }
  const longest = payloadBytes(fields.payload, Math.max(...sizes) - layout.payload, fields.seed);
  const frames = sizes.map((size) => {
    const payload = longest.slice(0, size - layout.payload);
    if (fields.payload.measure) markMeasure(payload, payload.length - Measure.length, fields.stream);
    return firstFrame(fields, payload);
  });
  const windows = VARYING_FIELDS.flatMap((field) => {
    const values = fields.values.get(field);
    return values === undefined ? [] : fieldWindows(values, placeOf(field, fields, layout), fields.seed, frames[0]!);
  });
  return {
    templates: frames.map((bytes) => templateOf(bytes, fields, layout, windows)),
    cycle: Uint16Array.from(cycle, (size) => sizes.indexOf(size)),
    cycleKey: random ? chanceKey(fields.seed, SIZE_STREAM) : undefined,
    windows,
    layout,
    isUdp: fields.protocol === 'udp' || fields.protocol === 'quic',
  };
}

function templateOf(
  bytes: Uint8Array,
  fields: FrameFields,
  { network, transport, headerChecksum, transportChecksum }: FrameLayout,
  windows: readonly FieldWindow[],
): FrameTemplate {
  const measure = fields.payload.measure ? bytes.length - Measure.length : -1;
  const constant = bytes.slice();
  for (const { at, width } of windows) constant.fill(0, at, at + width);
  if (measure >= 0) constant.fill(0, measure + Measure.sequence, measure + Measure.length);
  if (headerChecksum >= 0) setU16(constant, headerChecksum, 0);
  setU16(constant, transportChecksum, 0);
  const memory = new ChecksumMemory(constant);
  const headerSum = headerChecksum < 0 ? 0 : memory.sum(network, transport - network);
  const length = bytes.length - transport;
  let transportSum = memory.sum(transport, length);
  const four = fields.ipVersion === 4;
  if (!four || fields.protocol !== 'icmp') {
    transportSum += four ? memory.sum(network + 12, 8) : memory.sum(network + 8, 32);
    transportSum += protocolNumber(fields) + length;
  }
  return { bytes, length: bytes.length, headerSum, transportSum, measure };
}

function protocolNumber({ protocol, ipVersion }: FrameFields): number {
  if (protocol === 'icmp') return ipVersion === 4 ? IpProtocol.icmp : IpProtocol.icmpv6;
  return protocol === 'quic' ? IpProtocol.udp : IpProtocol[protocol];
}
