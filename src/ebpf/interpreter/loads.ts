import type { SignedSize, Size } from '../instruction.js';
import { XdpContext } from '../xdp.js';
import { Fault } from './fault.js';
import type { Machine, Operation } from './machine.js';
import { CONTEXT_HIGH } from './memory.js';

/** Makes a load to the word pair at `d` from the pointer at `s` plus an offset. */
type LoadBuilder = (d: number, s: number, offset: number, next: number) => Operation;

/** Loads of every size; what is above the size becomes zero, or the sign. */
export const LOADS: Readonly<Record<Size | SignedSize, LoadBuilder>> = {
  u8: (d, s, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 1);
    w[d] = m.memory.bytes[at]!;
    w[d + 1] = 0;
    return next;
  },
  u16: (d, s, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 2);
    w[d] = half(m.memory.bytes, at);
    w[d + 1] = 0;
    return next;
  },
  u32: (d, s, offset, next) => (m) => {
    const w = m.words;
    if (w[s + 1] === CONTEXT_HIGH) {
      loadContext(m, d, s, offset);
    } else {
      const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 4);
      w[d] = word(m.memory.bytes, at);
      w[d + 1] = 0;
    }
    return next;
  },
  u64: (d, s, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 8);
    const { bytes } = m.memory;
    w[d] = word(bytes, at);
    w[d + 1] = word(bytes, at + 4);
    return next;
  },
  s8: (d, s, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 1);
    w[d] = (m.memory.bytes[at]! << 24) >> 24;
    w[d + 1] = w[d]! >> 31;
    return next;
  },
  s16: (d, s, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 2);
    w[d] = (half(m.memory.bytes, at) << 16) >> 16;
    w[d + 1] = w[d]! >> 31;
    return next;
  },
  s32: (d, s, offset, next) => (m) => {
    const w = m.words;
    if (w[s + 1] === CONTEXT_HIGH) {
      const field = m.memory.contextOffset(w[s]!, offset);
      if (field <= XdpContext.dataMeta) throw new Fault('pointers of the context have no sign to extend');
      loadContext(m, d, s, offset);
    } else {
      const at = m.memory.locate(w[s]!, w[s + 1]!, offset, 4);
      w[d] = word(m.memory.bytes, at);
    }
    w[d + 1] = w[d]! >> 31;
    return next;
  },
};

/** A field of struct xdp_md. Those that say where the packet is become pointers, as the verifier rewrites them. */
function loadContext(m: Machine, d: number, s: number, offset: number): void {
  const w = m.words;
  const { packet, context } = m;
  const field = m.memory.contextOffset(w[s]!, offset);
  if (field === XdpContext.data) m.memory.packetPointer(w, d, packet.data);
  else if (field === XdpContext.dataEnd) m.memory.packetPointer(w, d, packet.end);
  else if (field === XdpContext.dataMeta) m.memory.packetPointer(w, d, packet.meta);
  else {
    if (field === XdpContext.ingressIfindex) w[d] = context.ingressIfindex;
    else if (field === XdpContext.rxQueueIndex) w[d] = context.rxQueueIndex;
    else if (field === XdpContext.egressIfindex) w[d] = context.egressIfindex;
    else throw new Fault(`the context has no field at offset ${field}`);
    w[d + 1] = 0;
  }
}

function half(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
