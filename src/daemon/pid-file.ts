import { fstatSync, ftruncateSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { calls, Errno, isAlive, OwnedFd, ownIdentity, SystemError, XdpError } from '../sys/index.js';

const O_RDWR_CREAT_CLOEXEC = 0o2 | 0o100 | 0o2000000;
const LOCK_EX_NB = 2 | 4;
const WORD = 2 ** 32;

/**
 * A PID file: the process's number on the first line, and on the second when it started, in clock ticks since boot (field 22 of
 * proc_pid_stat(5)), so that a later process of the same number isn't taken for it. It is locked (flock(2)) for as long as the
 * process lives: of two that start at the same time one gets it.
 */
export class PidFile implements Disposable {
  readonly path: string;
  readonly #lock: OwnedFd;

  private constructor(path: string, lock: OwnedFd) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Writes the file, in place of one that a dead process left behind.
   *
   * @throws XDP_ERR_RUNNING when it belongs to a living process, of xdpkit or not; XDP_ERR_SYSTEM when it can't be written
   */
  static take(path: string): PidFile {
    for (;;) {
      const lock = new OwnedFd(calls.open(path, O_RDWR_CREAT_CLOEXEC, 0o644), `PID file ${path}`);
      try {
        const result = calls.flock(lock.fd, LOCK_EX_NB);
        if (result === -Errno.EWOULDBLOCK) throw taken(path, readFileSync(path, 'utf8'));
        if (result < 0) throw new SystemError('flock', -result, path);
        // Its last owner may have removed it between the two calls: then it is a file of no name.
        if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(lock.fd).ino) {
          write(path, lock.fd);
          return new PidFile(path, lock);
        }
      } catch (error) {
        lock.close();
        throw error;
      }
      lock.close();
    }
  }

  /** Removes the file. Idempotent. */
  close(): void {
    if (this.#lock.isClosed) return;
    unlinkSync(this.path);
    this.#lock.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function write(path: string, fd: number): void {
  const before = readFileSync(path, 'utf8');
  const [pid, start = 0] = before.split('\n', 2).map(Number);
  const named = pid !== undefined && pid > 0 && pid !== process.pid;
  if (named && isAlive({ pid, startLow: start | 0, startHigh: Math.floor(start / WORD) })) throw taken(path, before);
  const { startLow, startHigh } = ownIdentity();
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n${startHigh * WORD + (startLow >>> 0)}\n`, 0);
}

function taken(path: string, text: string): XdpError {
  const pid = /^\d+/.exec(text)?.[0];
  return new XdpError(
    'XDP_ERR_RUNNING',
    `${path} belongs to ${pid === undefined ? 'a' : 'the'} running process${pid === undefined ? '' : ` ${pid}`}`,
    {
      advice:
        'xdpkit status lists what runs, xdpkit stop ends it; --name or --pid-file gives this run a file of its own',
    },
  );
}
