import { FaultLogFile, faultLogRing } from '../faults/index.js';
import { XdpError } from '../sys/index.js';

/** Milliseconds between two looks at the workers' rings: each has room for some 40,000 records. */
const PAUSE = 20;

/** The fault log of a bridge: what its workers note of faults, written into a file on this thread. */
export class FaultLog implements Disposable {
  /** One for each worker. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly #file: FaultLogFile;
  #timer: NodeJS.Timeout | undefined;
  #onFailure: ((cause: Error) => void) | undefined;

  /**
   * @param path is overwritten. @param interfaces names, by port
   * @throws XDP_ERR_USAGE when the file can't be written
   */
  constructor(path: string, workers: number, interfaces: readonly string[]) {
    this.rings = Array.from({ length: workers }, () => faultLogRing());
    try {
      this.#file = new FaultLogFile(path, this.rings, interfaces);
    } catch (cause) {
      throw new XdpError('XDP_ERR_USAGE', `the fault log ${path} can't be written`, { cause });
    }
  }

  /** Faults that are not in the file: they found no room on their way there. */
  get lost(): number {
    return this.#file.lost;
  }

  /** @param onFailure called once when the file can't be written any more; from then on faults are lost */
  start(onFailure: (cause: Error) => void): void {
    this.#onFailure = onFailure;
    this.#timer = setInterval(() => this.#attempt(() => this.#file.drain()), PAUSE);
  }

  /** After the workers' end: writes what is left. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#attempt(() => this.#file.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      clearInterval(this.#timer);
      this.#onFailure?.(error as Error);
      this.#onFailure = undefined;
    }
  }
}
