import { Assembler, link, R0 } from '../../dist/ebpf/index.js';
import { calls, OwnedFd } from '../../dist/sys/index.js';

const BPF_PROG_LOAD = 5;
const BPF_LINK_CREATE = 28;

/** Programs of types that xdpkit does not load, and where they are attached (include/uapi/linux/bpf.h). */
export const FOREIGN = {
  tcxIngress: { type: 3, attachType: 46 },
  tcxEgress: { type: 3, attachType: 47 },
  flowDissector: { type: 22, attachType: 17 },
  netfilter: { type: 32, attachType: 45 },
} as const;

/** Loads a program that returns `result`. */
export function loadForeign(kind: keyof typeof FOREIGN, name: string, result = 0): OwnedFd {
  const { type, attachType } = FOREIGN[kind];
  const instructions = link(new Assembler().mov(R0, result).exit().assemble());
  const license = Buffer.from('GPL\0');
  const attributes = new Uint8Array(72);
  const view = new DataView(attributes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, instructions.length / 8, true);
  view.setBigUint64(8, BigInt(calls.addressOf(instructions)), true);
  view.setBigUint64(16, BigInt(calls.addressOf(license)), true);
  attributes.set(Buffer.from(name), 48);
  view.setUint32(68, attachType, true);
  const fd = calls.bpf(BPF_PROG_LOAD, attributes);
  if (fd < 0) throw new Error(`loading a ${kind} program gave ${fd}`);
  return new OwnedFd(fd, `${kind} program`);
}

/** @param target interface index, or descriptor of a namespace; nothing for netfilter */
export function attachForeign(kind: keyof typeof FOREIGN, program: OwnedFd, target: number): OwnedFd {
  const words = new Uint32Array(12);
  words.set([program.fd, target, FOREIGN[kind].attachType]);
  // NFPROTO_IPV4, NF_INET_LOCAL_IN, priority
  if (kind === 'netfilter') words.set([2, 1, 5], 4);
  const fd = calls.bpf(BPF_LINK_CREATE, words);
  if (fd < 0) throw new Error(`attaching a ${kind} program gave ${fd}`);
  return new OwnedFd(fd, `${kind} link`);
}
