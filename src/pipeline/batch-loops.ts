import { WasmCode, type WasmMemory } from '../sys/index.js';

/** What src/pipeline/wasm/batch.ts exports. Places are byte offsets into the arena of the batch. */
export interface BatchLoops {
  firstDropped(egress: number, from: number, count: number): number;
  endOfRun(egress: number, from: number, count: number): number;
  listRuns(addresses: number, lengths: number, count: number, frames: number, list: number): number;
}

const code = new WasmCode<BatchLoops>(new URL('./wasm/batch.wasm', import.meta.url));

export const batchLoops = (memory: WasmMemory): BatchLoops => code.over(memory);
