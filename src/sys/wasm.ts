import { readFileSync } from 'node:fs';

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

  over(memory: WasmMemory): Exports {
    let exports = this.#instances.get(memory);
    if (exports === undefined) {
      this.#module ??= new WebAssembly.Module(readFileSync(this.#url));
      exports = new WebAssembly.Instance(this.#module, { env: { memory } }).exports as Exports;
      this.#instances.set(memory, exports);
    }
    return exports;
  }
}
