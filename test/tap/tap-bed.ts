import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Arena } from '../../dist/sys/index.js';
import { type TapOptions, TapQueue } from '../../dist/tap/index.js';
import { Running } from '../e2e/running.js';

let taps = 0;

/** A name that no other test uses. */
export function tapName(): string {
  return `xdpkit-test-${process.pid}-${taps++}`;
}

export interface Written {
  readonly written: number;
  readonly lost: number;
}

/** A tap with threads that write numbered packets, and processes that collect them. */
export class TapBed implements AsyncDisposable {
  readonly tap: TapQueue;
  readonly #directory = mkdtempSync(join(tmpdir(), 'xdpkit-tap-'));
  readonly #arena = Arena.create();
  readonly #control = new SharedArrayBuffer(4);
  readonly #workers: Worker[] = [];
  readonly #collectors: Running[] = [];
  #files = 0;

  constructor(options: TapOptions = {}) {
    this.tap = TapQueue.create({ name: tapName(), interfaces: ['port0', 'port1'], ...options });
  }

  /** @returns what the thread has written, when it has ended */
  async produce(ring: number, most: number, { batch = 64, pause = 0 } = {}): Promise<() => Promise<Written>> {
    const worker = new Worker(new URL('./producer-thread.mjs', import.meta.url), {
      workerData: {
        memory: this.#arena.memory,
        tap: this.tap.mapInto(this.#arena),
        ring,
        most,
        batch,
        pause,
        control: this.#control,
      },
    });
    this.#workers.push(worker);
    const messages: (Written | { ready: true })[] = [];
    worker.on('message', (message) => messages.push(message));
    const exit = new Promise<void>((resolve, reject) => worker.once('exit', () => resolve()).once('error', reject));
    while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    return async () => {
      await exit;
      return messages[1] as Written;
    };
  }

  /** Ends the threads in the middle of whatever they do. */
  async terminate(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker.terminate();
  }

  collector(hold = 0): Running {
    const fixture = fileURLToPath(new URL('./collector.mjs', import.meta.url));
    const file = join(this.#directory, `numbers-${this.#files++}`);
    const running = new Running([process.execPath, fixture, this.tap.name, file, String(hold)]);
    this.#collectors.push(running);
    return running;
  }

  stop(): void {
    Atomics.store(new Int32Array(this.#control), 0, 1);
    Atomics.notify(new Int32Array(this.#control), 0);
  }

  /** The numbers that each collector wrote down, by ring. */
  numbers(rings: number): number[][][] {
    return readdirSync(this.#directory).map((name) => {
      const bytes = readFileSync(join(this.#directory, name));
      const pairs = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
      const found: number[][] = Array.from({ length: rings }, () => []);
      for (let i = 0; i + 1 < pairs.length; i += 2) found[pairs[i]!]!.push(pairs[i + 1]!);
      return found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.terminate();
    for (const collector of this.#collectors) await collector[Symbol.asyncDispose]();
    this.tap.close();
    this.#arena.close();
    rmSync(this.#directory, { recursive: true });
  }
}
