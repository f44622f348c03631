import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FeatureChange, namespaceIdentity, restoreFeatures } from '../netdev/index.js';
import { calls, Errno, isErrno, OwnedFd } from '../sys/index.js';

const DIRECTORY = '/run/xdpkit/offloads';
const SUFFIX = '.json';
/** Milliseconds: one day. */
const FORGET = 86_400_000;
const O_RDWR_CLOEXEC = 0o2 | 0o2000000;
const O_CREAT = 0o100;
const LOCK_EX_NB = 2 | 4;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

interface Entry {
  /** The namespace that changes without one of their own belong to. */
  readonly home: string;
  readonly changes: readonly FeatureChange[];
}

let sequence = 0;

/**
 * What was switched on other people's interfaces, kept in a file for as long as it is: a process that is killed can't
 * put anything back, so the next one does. The file is locked (flock(2)) by the process that wrote it; a journal that
 * somebody else can lock has lost its owner.
 */
export class OffloadJournal implements Disposable {
  readonly #path: string;
  readonly #lock: OwnedFd;

  constructor(changes: readonly FeatureChange[]) {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    this.#path = join(DIRECTORY, `${process.pid}-${Date.now()}-${sequence++}${SUFFIX}`);
    // Locked and written before it has the name that others look for: nobody takes it for an orphan meanwhile.
    const draft = `${this.#path}.new`;
    this.#lock = openJournal(draft, O_CREAT);
    calls.flock(this.#lock.fd, LOCK_EX_NB);
    const entry: Entry = { home: ownNamespace(), changes };
    writeFileSync(draft, JSON.stringify(entry));
    renameSync(draft, this.#path);
  }

  /** The changes are undone. Idempotent. */
  close(): void {
    if (this.#lock.isClosed) return;
    unlinkSync(this.#path);
    this.#lock.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Undoes what killed processes left switched. @returns the names of the interfaces that it put right */
export function recoverOffloads(): string[] {
  const mended = new Set<string>();
  for (const name of journals()) {
    try {
      for (const change of recover(join(DIRECTORY, name))) mended.add(change.interface);
    } catch (error) {
      // Its owner ended, or another process has just recovered it.
      if (!isErrno(error, Errno.ENOENT) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return [...mended];
}

function recover(path: string): readonly FeatureChange[] {
  using journal = openJournal(path, 0);
  if (calls.flock(journal.fd, LOCK_EX_NB) < 0) return [];
  const entry = parse(readFileSync(path, 'utf8'));
  if (entry !== undefined && entry.home !== ownNamespace()) {
    // Of another namespace: left to whoever starts there. Nobody can tell whether it still exists; in time it is forgotten.
    if (Date.now() - statSync(path).mtimeMs > FORGET) unlinkSync(path);
    return [];
  }
  const changes = entry?.changes ?? [];
  restoreFeatures(changes);
  unlinkSync(path);
  return changes;
}

/** What no other namespace has been called since the machine was started: inode numbers come back, cookies don't. */
function ownNamespace(): string {
  using socket = new OwnedFd(calls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0), 'socket that asks for its namespace');
  const cookie = new BigUint64Array(1);
  try {
    calls.getsockopt(socket.fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie);
    return `cookie ${cookie[0]}`;
  } catch (error) {
    // Before Linux 5.14.
    if (!isErrno(error, Errno.ENOPROTOOPT)) throw error;
    return namespaceIdentity('/proc/thread-self/ns/net');
  }
}

/** @returns undefined for a journal whose writer died before it was written */
function parse(text: string): Entry | undefined {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return undefined;
  }
}

function journals(): string[] {
  try {
    return readdirSync(DIRECTORY).filter((name) => name.endsWith(SUFFIX));
  } catch {
    return [];
  }
}

function openJournal(path: string, flags: number): OwnedFd {
  return new OwnedFd(calls.open(path, O_RDWR_CLOEXEC | flags, 0o600), `offload journal ${path}`);
}
