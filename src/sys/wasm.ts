import { readFileSync } from 'node:fs';
import { XdpError } from './errors.js';

/** Memory of WebAssembly that threads share: what `new WebAssembly.Memory({ shared: true })` makes. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** @param pages of 64 KiB. @returns how many there were before */
  grow(pages: number): number;
}

/** The part that is used here: its types come with those of a browser, which nobody who uses this should need. */
interface WebAssemblyInterface {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };

/** Bytes of a page of WebAssembly's memory, and the pages that 32 bits can name. */
export const WASM_PAGE = 65536;
const MOST_PAGES = 65536;

/** @throws RangeError when the address space is limited to less (`ulimit -v`): V8 reserves ten GiB, of which it uses none */
export function newWasmMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
}

/**
 * Compiled code for this thread, instantiated once for each memory.
 *
 * @param url of a module that imports nothing but `env.memory`
 */
export class WasmCode<Exports extends object> {
  readonly #url: URL;
  #module: object | undefined;
  readonly #instances: WeakMap<WasmMemory, Exports> = new WeakMap();

  constructor(url: URL) {
    this.#url = url;
  }

  /** @throws XDP_ERR_PLATFORM on an x86-64 processor without SSE4.1, which V8 needs for four numbers at once */
  over(memory: WasmMemory): Exports {
    let exports = this.#instances.get(memory);
    if (exports === undefined) {
      this.#module ??= compile(this.#url);
      exports = new WebAssembly.Instance(this.#module, { env: { memory } }).exports as Exports;
      this.#instances.set(memory, exports);
    }
    return exports;
  }
}

function compile(url: URL): object {
  const code = readFileSync(url);
  try {
    return new WebAssembly.Module(code);
  } catch (cause) {
    throw new XdpError(
      'XDP_ERR_PLATFORM',
      `this processor can't run ${url.pathname.split('/').at(-1)}: it lacks SSE4.1`,
      {
        cause,
        advice: 'give a virtual machine a newer processor model, or the one of its host (QEMU: -cpu host or max)',
      },
    );
  }
}
