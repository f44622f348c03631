import * as calls from './calls.js';
import { XdpError } from './errors.js';
import { closed, opened } from './trace.js';

/** A file descriptor with one owner, who closes it. */
export class OwnedFd implements Disposable {
  readonly #what: string;
  #fd: number;

  /** @param what what the descriptor stands for, in words: shown when it is used after its end */
  constructor(fd: number, what: string) {
    this.#fd = fd;
    this.#what = what;
    opened(this, 'descriptor', `${fd} (${what})`);
  }

  /** @throws XDP_ERR_CLOSED after {@link close} */
  get fd(): number {
    if (this.#fd < 0) throw new XdpError('XDP_ERR_CLOSED', `the ${this.#what} is closed`);
    return this.#fd;
  }

  get isClosed(): boolean {
    return this.#fd < 0;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closed(this);
    calls.close(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
