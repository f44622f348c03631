import { readFileSync } from 'node:fs';
import { XdpError } from '../sys/index.js';
import { BtfKind, btfLayout, walkTypes } from './btf-format.js';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const KINDS = { function: BtfKind.function, variable: BtfKind.variable };

/** Something of the kernel that programs refer to by its name. */
export interface KernelSymbol {
  readonly name: string;
  readonly kind: 'function' | 'variable';
}

/**
 * The numbers, in the kernel's BTF, of functions that programs may call (kfuncs), and of variables. What kernel modules
 * have is not looked at. Linux 5.13.
 *
 * @returns those that there are, by name
 * @throws XDP_ERR_PLATFORM when the kernel has no BTF
 */
export function findKernelSymbols(symbols: readonly KernelSymbol[]): Map<string, number> {
  const found = new Map<string, number>();
  if (symbols.length === 0) return found;
  const layout = btfLayout(readVmlinux(symbols[0]!.name));
  const { reader, strings } = layout;
  const names = Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + strings.start, strings.end - strings.start);
  const wanted = new Map(
    symbols.map((symbol) => [names.indexOf(`\0${symbol.name}\0`, 0, 'latin1') + 1, symbol] as const),
  );
  // Where a name is not found: 0 is the empty name.
  wanted.delete(0);
  walkTypes(layout, (id, at, kind) => {
    const symbol = wanted.get(reader.u32(at));
    if (symbol !== undefined && kind === KINDS[symbol.kind]) found.set(symbol.name, id);
    return found.size === symbols.length;
  });
  return found;
}

function readVmlinux(name: string): Uint8Array {
  try {
    return readFileSync(VMLINUX);
  } catch (cause) {
    throw new XdpError(
      'XDP_ERR_PLATFORM',
      `the program refers to ${name} of the kernel, which has no BTF (${VMLINUX})`,
      {
        cause,
      },
    );
  }
}
