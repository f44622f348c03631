import { calls, OwnedFd, withNamespace } from '../../dist/sys/index.js';

const BPF_PROG_LOAD = 5;
const BPF_LINK_CREATE = 28;
const BPF_PROG_TYPE_XDP = 6;
const BPF_XDP = 37;

/** Attaches a program that passes everything, until the result is closed. `flags`: 2 generic, 4 native. */
export function attachPass(index: number, netns: string, flags: 2 | 4): OwnedFd {
  // r0 = XDP_PASS; exit
  const instructions = Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  const license = new TextEncoder().encode('GPL\0');
  const load = new DataView(new ArrayBuffer(128));
  load.setUint32(0, BPF_PROG_TYPE_XDP, true);
  load.setUint32(4, 2, true);
  load.setBigUint64(8, BigInt(calls.addressOf(instructions)), true);
  load.setBigUint64(16, BigInt(calls.addressOf(license)), true);
  using program = new OwnedFd(must(calls.bpf(BPF_PROG_LOAD, new Uint8Array(load.buffer))), 'program');
  const create = new Uint32Array([program.fd, index, BPF_XDP, flags, 0, 0, 0, 0]);
  return new OwnedFd(must(withNamespace(netns, () => calls.bpf(BPF_LINK_CREATE, create))), 'XDP link');
}

function must(result: number): number {
  if (result < 0) throw new Error(`bpf(2) failed with ${-result}`);
  return result;
}
