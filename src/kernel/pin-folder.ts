import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { Errno, isErrno, SystemError } from '../sys/index.js';
import { type Pin, readPin } from './pin.js';
import { openForLock, type PinLock, tryLock } from './pin-lock.js';

/** Milliseconds between two tries for the lock, and how many there are: five seconds. */
const LOCK_INTERVAL = 2;
const LOCK_TRIES = 2500;

/** What is taken away first: a link that is gone detaches its program while its maps are still there. */
const ORDER: readonly Pin['kind'][] = ['link', 'program', 'map'];

/** A directory of a bpffs with pins that belong together. It may not be there yet. */
export abstract class PinFolder {
  readonly path: string;

  protected constructor(path: string) {
    this.path = path;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Makes the directory if it is not there. */
  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** The path to pin something at. @throws RangeError for a name that a bpffs can't have: a dot is reserved there */
  pathOf(name: string): string {
    if (!/^[^./]+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} can't be the name of a pin`);
    return `${this.path}/${name}`;
  }

  /** What is pinned here, by name; nothing if the directory is not there. */
  pins(): Pin[] {
    if (!this.exists) return [];
    return readdirSync(this.path)
      .sort()
      .map((name) => readPin(name, `${this.path}/${name}`));
  }

  /** Takes the pins away, links first, and the directory. What nobody else holds ends by that. Idempotent. */
  remove(): void {
    if (!this.exists) return;
    const rank = ({ kind }: Pin) => ORDER.indexOf(kind);
    for (const { path } of this.pins().sort((a, b) => rank(a) - rank(b))) unlinkSync(path);
    rmdirSync(this.path);
  }

  /**
   * Makes a change of several steps to what is pinned here, while nobody else makes one so, in whatever process. It blocks the thread
   * until it is its turn.
   *
   * @throws XDP_ERR_SYSTEM (EWOULDBLOCK) when others have not come to an end for five seconds
   */
  exclusively<T>(change: () => T): T {
    using _ = this.#lock();
    return change();
  }

  /** @returns undefined when the directory is not there: nobody else finds what was pinned in it */
  #lock(): PinLock | undefined {
    let lock: PinLock;
    try {
      lock = openForLock(this.path);
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) return undefined;
      throw error;
    }
    try {
      const clock = new Int32Array(new SharedArrayBuffer(4));
      for (let tries = 0; !tryLock(lock, this.path); tries++) {
        if (tries === LOCK_TRIES) throw new SystemError('flock', Errno.EWOULDBLOCK, this.path);
        Atomics.wait(clock, 0, 0, LOCK_INTERVAL);
      }
      return lock;
    } catch (error) {
      lock.close();
      throw error;
    }
  }
}
