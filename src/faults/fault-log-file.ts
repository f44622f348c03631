import { closeSync, openSync, writeSync } from 'node:fs';
import { FaultLogReader, type FaultRecord } from './fault-log-reader.js';

/** Records that are written to the file at once. */
const LOT = 4096;

/**
 * The fault log as a file: a JSON object on each line, what `FaultRecord` says and the interface's name. Its owner calls
 * {@link drain} now and then, often enough that the workers' rings don't fill up.
 */
export class FaultLogFile implements Disposable {
  readonly #readers: readonly FaultLogReader[];
  readonly #names: readonly string[];
  #fd: number | undefined;

  /**
   * @param path is overwritten. @param rings one for each worker. @param names of the interfaces, by port
   * @throws Error of node:fs when the file can't be opened
   */
  constructor(path: string, rings: readonly SharedArrayBuffer[], names: readonly string[]) {
    this.#readers = rings.map((ring) => new FaultLogReader(ring));
    this.#names = names;
    this.#fd = openSync(path, 'w', 0o600);
  }

  /** Records that found no room on their way here. */
  get lost(): number {
    return this.#readers.reduce((sum, { lost }) => sum + lost, 0);
  }

  /** Writes what the workers have logged since. @throws Error of node:fs, such as ENOSPC */
  drain(): void {
    for (const reader of this.#readers) {
      for (let records = reader.read(LOT); records.length > 0; records = reader.read(LOT)) {
        this.#write(records.map((record) => this.#line(record)).join(''));
      }
    }
  }

  /** Drains and closes. Idempotent. */
  close(): void {
    if (this.#fd === undefined) return;
    try {
      this.drain();
    } finally {
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #write(text: string): void {
    if (this.#fd === undefined) return;
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
  }

  #line({ port, ...record }: FaultRecord): string {
    return `${JSON.stringify({ interface: this.#names[port] ?? String(port), ...record })}\n`;
  }
}
