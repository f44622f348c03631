import { XdpError } from '../sys/index.js';
import { Binding, type ElfSymbol } from './elf.js';
import { SLOT } from './functions.js';
import { objectError } from './object-error.js';
import type { CodeReference, LinkedProgram } from './program-linker.js';

/** Source fields of instructions that name something (include/uapi/linux/bpf.h). */
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_BTF_ID = 3;
const PSEUDO_KERNEL_CALL = 2;
/** Of a helper that does not exist: the verifier refuses the call where it can be reached. */
const NO_SUCH_HELPER = 0x7fff_fffe;

/** What a symbol of the file stands for. */
export type Target =
  | { readonly kind: 'map'; readonly fd: number }
  /** A place in the only element of a map. */
  | { readonly kind: 'value'; readonly fd: number; readonly offset: number }
  /** A function or variable of the kernel; undefined when it has none of this name. */
  | { readonly kind: 'kernel'; readonly id: number | undefined };

/**
 * The code of a linked program, with what it refers to.
 *
 * @param resolve what the place `addend` bytes behind a symbol is
 * @throws XDP_ERR_PLATFORM for a function that the kernel does not have, XDP_ERR_OBJECT
 */
export function fillReferences(
  { code, references }: LinkedProgram,
  resolve: (symbol: ElfSymbol, addend: number) => Target,
): Uint8Array {
  const bytes = code.slice();
  const view = new DataView(bytes.buffer);
  for (const reference of references) {
    const { slot, symbol, addend } = reference;
    const at = slot * SLOT;
    const [source, immediate, upper] = operandsOf(reference, resolve(symbol, addend));
    view.setUint8(at + 1, (view.getUint8(at + 1) & 15) | (source << 4));
    view.setInt32(at + 4, immediate, true);
    if (upper !== undefined) view.setInt32(at + SLOT + 4, upper, true);
  }
  return bytes;
}

/** Source field, immediate, and immediate of the second slot where there is one. */
function operandsOf({ kind, symbol }: CodeReference, target: Target): [number, number, number?] {
  if (target.kind === 'kernel') {
    if (target.id !== undefined)
      return kind === 'call' ? [PSEUDO_KERNEL_CALL, target.id] : [PSEUDO_BTF_ID, target.id, 0];
    if (symbol.binding === Binding.weak) return kind === 'call' ? [0, NO_SUCH_HELPER] : [0, 0, 0];
    throw new XdpError('XDP_ERR_PLATFORM', `this kernel has no ${symbol.name} for programs`, {
      advice: 'functions of kernel modules are not looked up; declare it __weak if the program can do without',
    });
  }
  if (kind === 'call') throw objectError(`the program calls ${symbol.name}, which is no function`);
  return target.kind === 'map' ? [PSEUDO_MAP_FD, target.fd, 0] : [PSEUDO_MAP_VALUE, target.fd, target.offset];
}
