import { WasmCode, type WasmMemory } from '../sys/index.js';

/**
 * What src/xsk/wasm/rings.ts exports. Places are byte offsets into the memory; indices run through all of u32, and come as i32.
 * Compiled ahead, these loops need none of the checks that V8 makes at each access to a typed array, and take half the time.
 */
export interface RingLoops {
  passDescriptors(
    to: number,
    head: number,
    toMask: number,
    from: number,
    tail: number,
    fromMask: number,
    count: number,
    consumer: number,
    producer: number,
  ): number;
  readDescriptors(
    addresses: number,
    lengths: number,
    from: number,
    tail: number,
    mask: number,
    count: number,
    consumer: number,
  ): number;
  writeDescriptors(
    to: number,
    head: number,
    mask: number,
    addresses: number,
    lengths: number,
    count: number,
    producer: number,
  ): number;
  passAddresses(
    to: number,
    head: number,
    toMask: number,
    from: number,
    tail: number,
    fromMask: number,
    count: number,
    chunkMask: number,
  ): void;
  readAddresses(to: number, from: number, tail: number, mask: number, count: number, chunkMask: number): void;
  writeAddresses(to: number, head: number, mask: number, from: number, count: number): void;
  loadIndex(at: number): number;
  storeIndex(at: number, value: number): void;
}

const code = new WasmCode<RingLoops>(new URL('./wasm/rings.wasm', import.meta.url));

export const ringLoops = (memory: WasmMemory): RingLoops => code.over(memory);
