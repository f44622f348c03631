import {
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { calls, Errno, isErrno, Mapping, OwnedFd, XdpError } from '../sys/index.js';
import { HEADER_BYTES, Header, MAGIC } from './layout.js';
import { damaged } from './tap-memory.js';
import { MAX_BYTES } from './tap-options.js';

const DIRECTORY = '/dev/shm';
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;
const MODE = 0o600;
/** flock(2): LOCK_EX | LOCK_NB. */
const LOCK = 6;
const OPEN = constants.O_RDWR | constants.O_NOFOLLOW | 0o2_000_000; // O_CLOEXEC
const PIECE = 1 << 20;
/** How often a name may change hands while it is being taken. */
const TRIES = 20;

/** @throws XDP_ERR_USAGE for what is no name of a tap */
function tapPath(name: string): string {
  if (NAME.test(name)) return `${DIRECTORY}/${name}`;
  throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(name)} is no name of a tap`, {
    advice: 'a name has up to 200 letters, digits, dots, hyphens and underscores',
  });
}

/** A file that holds a new tap, under a lock for as long as it is open. It has its name only after {@link publish}. */
export class NewTapFile implements Disposable {
  readonly mapping: Mapping;
  readonly #name: string;
  readonly #path: string;
  readonly #draft: string;
  readonly #fd: OwnedFd;
  #isPublished = false;

  /** @throws XDP_ERR_USAGE, XDP_ERR_SYSTEM (ENOSPC when the memory file system is full) */
  constructor(name: string, length: number) {
    this.#name = name;
    this.#path = tapPath(name);
    this.#draft = `${DIRECTORY}/.${name}.${process.pid}.${process.hrtime.bigint()}`;
    const flags = OPEN | constants.O_CREAT | constants.O_EXCL;
    this.#fd = new OwnedFd(calls.open(this.#draft, flags, MODE), 'tap');
    try {
      // Whatever the umask says; and written, not only made long: memory that isn't there would kill who touches it.
      fchmodSync(this.#fd.fd, MODE);
      const zeros = new Uint8Array(PIECE);
      for (let at = 0; at < length; ) at += writeZeros(this.#fd.fd, zeros, Math.min(PIECE, length - at), at);
      this.mapping = Mapping.ofFd(this.#fd.fd, length, 0);
      calls.flock(this.#fd.fd, LOCK);
    } catch (error) {
      unlinkSync(this.#draft);
      this.#fd.close();
      throw error;
    }
  }

  get fd(): number {
    return this.#fd.fd;
  }

  /** Gives it its name; a tap of that name whose process has died makes room. @throws XDP_ERR_TAP_TAKEN */
  publish(): void {
    for (let tries = 0; tries < TRIES && !this.#isPublished; tries++) {
      try {
        linkSync(this.#draft, this.#path);
        unlinkSync(this.#draft);
        this.#isPublished = true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        this.#isPublished = this.#replace();
      }
    }
    if (!this.#isPublished) throw taken(this.#name, 'others take it at the same time');
  }

  /** Takes the place of a dead tap. @returns false when the name has changed hands meanwhile */
  #replace(): boolean {
    using old = openOld(this.#path, this.#name);
    if (old === undefined) return false;
    const header = new Int32Array(HEADER_BYTES >> 2);
    const { size } = fstatSync(old.fd);
    if (size >= HEADER_BYTES) {
      using mapping = Mapping.ofFd(old.fd, HEADER_BYTES, 0);
      header.set(new Int32Array(mapping.buffer, 0, header.length));
    }
    if (header[Header.magic] !== MAGIC[0] || header[Header.magic + 1] !== MAGIC[1]) {
      throw taken(this.#name, `${this.#path} is no tap`, 'choose another name, or remove the file');
    }
    if (calls.flock(old.fd, LOCK) < 0) {
      throw taken(this.#name, `process ${header[Header.ownerPid]} has it`, 'choose another name, or end that process');
    }
    if (!isFileAt(this.#path, old.fd)) return false;
    renameSync(this.#draft, this.#path);
    return true;
  }

  /** Takes the name away, if it still is this file's, and lets go of the memory. Idempotent. */
  close(): void {
    if (this.#fd.isClosed) return;
    if (!this.#isPublished) unlinkSync(this.#draft);
    else if (isFileAt(this.#path, this.#fd.fd)) unlinkSync(this.#path);
    this.mapping.close();
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Maps the memory of a tap that is there. @throws XDP_ERR_NO_TAP, XDP_ERR_PERMISSION, XDP_ERR_TAP */
export function openTapFile(name: string): Mapping {
  using file = new OwnedFd(openExisting(name), 'tap');
  const status = fstatSync(file.fd);
  if (!status.isFile() || status.size < HEADER_BYTES || status.size > 2 * MAX_BYTES) {
    throw damaged(`${tapPath(name)} has ${status.size} bytes`);
  }
  return Mapping.ofFd(file.fd, status.size, 0);
}

/** The names of the taps that this user may read, sorted. Those of dead processes are among them. */
export function listTaps(): string[] {
  return readdirSync(DIRECTORY)
    .filter((name) => NAME.test(name) && isTap(`${DIRECTORY}/${name}`))
    .sort();
}

function isTap(path: string): boolean {
  try {
    using file = new OwnedFd(calls.open(path, OPEN | constants.O_NONBLOCK), 'tap');
    const magic = new Int32Array(2);
    readSync(file.fd, magic, 0, magic.byteLength, 0);
    return magic[0] === MAGIC[0] && magic[1] === MAGIC[1];
  } catch {
    return false;
  }
}

function openExisting(name: string): number {
  try {
    return calls.open(tapPath(name), OPEN);
  } catch (cause) {
    if (isErrno(cause, Errno.ENOENT)) {
      throw new XdpError('XDP_ERR_NO_TAP', `there is no tap ${name}`, {
        cause,
        advice: 'start a bridge whose tap is on, or wait for it with --wait',
      });
    }
    if (isErrno(cause, Errno.EACCES, Errno.EPERM)) {
      throw new XdpError('XDP_ERR_PERMISSION', `the tap ${name} belongs to another user`, {
        cause,
        advice: 'collect as the user that the bridge runs as, or as root',
      });
    }
    throw cause;
  }
}

function openOld(path: string, name: string): OwnedFd | undefined {
  try {
    return new OwnedFd(calls.open(path, OPEN), 'old tap');
  } catch (cause) {
    if (isErrno(cause, Errno.ENOENT)) return undefined;
    throw taken(name, `${path} can't be opened`, 'choose another name, or remove the file', cause);
  }
}

function isFileAt(path: string, fd: number): boolean {
  const [there, here] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return there !== undefined && there.ino === here.ino && there.dev === here.dev;
}

/** @returns how many bytes were written, which may be fewer */
function writeZeros(fd: number, zeros: Uint8Array, length: number, at: number): number {
  return writeSync(fd, zeros, 0, length, at);
}

function taken(name: string, why: string, advice?: string, cause?: unknown): XdpError {
  return new XdpError('XDP_ERR_TAP_TAKEN', `the name ${name} of the tap is taken: ${why}`, { advice, cause });
}
