import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { calls, Errno, namespacePath, OwnedFd, SystemError } from '../sys/index.js';
import { bpffs } from './bpffs.js';
import { readLinkInfo } from './link-info.js';
import { type ObjectKind, objectInfo, openPin } from './object.js';

const O_RDONLY_DIRECTORY_CLOEXEC = 0o200000 | 0o2000000;
const LOCK_EX_NB = 2 | 4;
/** Milliseconds between two tries for the lock. */
const LOCK_INTERVAL = 10;

/** A name in a bpffs, and what it stands for. */
export interface Pin {
  readonly name: string;
  readonly path: string;
  readonly kind: ObjectKind;
  readonly id: number;
  /** For a link whether its program is attached: not when its interface is gone, or somebody has detached it. */
  readonly attached?: boolean;
}

/** Of a link, whatever it attaches to: `false` once there is nothing there any more. */
function isAttached(fd: number): boolean {
  const { target } = readLinkInfo(fd);
  if ('ifindex' in target) return target.ifindex !== 0;
  return target.kind !== 'netns' || target.namespace !== 0;
}

/**
 * What is installed on one interface: the directory `xdpkit/<network namespace>/<interface>` of the bpffs, with pins of
 * links, programs and maps. It may not be there yet. Changes are made under {@link lockPins}.
 *
 * The namespace has its number, which `lsns -t net` and /proc/PID/ns/net show: a namespace may have no name, or several.
 * Needs CAP_SYS_ADMIN, or a bpffs that others may write to.
 */
export class PinDirectory {
  /** Number of the network namespace. */
  readonly namespace: number;
  readonly interface: string;
  readonly path: string;

  private constructor(root: string, namespace: number, name: string) {
    this.namespace = namespace;
    this.interface = name;
    this.path = `${root}/${namespace}/${directoryOf(name)}`;
  }

  /**
   * @param options namespace of the interface, by name or path; default the calling thread's
   * @throws as {@link bpffs}
   */
  static of(interfaceName: string, options: { readonly netns?: string | undefined } = {}): PinDirectory {
    const { ino } = statSync(namespacePath(options.netns ?? '/proc/thread-self/ns/net'));
    return new PinDirectory(pinRoot(), ino, interfaceName);
  }

  /** Those of all namespaces that are there. */
  static all(): PinDirectory[] {
    const root = pinRoot();
    return readdirSync(root).flatMap((namespace) =>
      readdirSync(`${root}/${namespace}`).map((name) => new PinDirectory(root, Number(namespace), interfaceOf(name))),
    );
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

  /**
   * Whether nothing of what is pinned here is attached any more: its links are detached, as they are when the interface
   * (and any namespace with it) has gone.
   *
   * @param attachedPrograms ids of the programs on the interface: what holds a pinned program that has no link
   */
  isStale(attachedPrograms: ReadonlySet<number> = new Set()): boolean {
    return !this.pins().some(({ kind, id, attached }) =>
      kind === 'link' ? attached : kind === 'program' && attachedPrograms.has(id),
    );
  }

  /** Takes the pins away, links first, and the directory. What nobody else holds ends by that. Idempotent. */
  remove(): void {
    if (!this.exists) return;
    const rank = ({ kind }: Pin) => ['link', 'program', 'map'].indexOf(kind);
    for (const { path } of this.pins().sort((a, b) => rank(a) - rank(b))) unlinkSync(path);
    rmdirSync(this.path);
    const parent = this.path.slice(0, this.path.lastIndexOf('/'));
    if (readdirSync(parent).length === 0) rmdirSync(parent);
  }
}

/** The right to change pins: of one holder on the machine, until it is closed or the process ends. */
export type PinLock = OwnedFd;

/** Waits for the right to change what is pinned, on any interface. */
export async function lockPins(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<PinLock> {
  const root = pinRoot();
  const lock = new OwnedFd(calls.open(root, O_RDONLY_DIRECTORY_CLOEXEC), 'lock of the pins');
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const result = calls.flock(lock.fd, LOCK_EX_NB);
      if (result === 0) return lock;
      if (result !== -Errno.EWOULDBLOCK && result !== -Errno.EINTR) throw new SystemError('flock', -result, root);
      await sleep(LOCK_INTERVAL);
    }
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Never removed: it is what the lock is on. */
function pinRoot(): string {
  const root = `${bpffs()}/xdpkit`;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return root;
}

/** What a pin stands for. */
export function readPin(name: string, path: string): Pin {
  const { kind, handle } = openPin(path);
  try {
    // Type and id stand first in what is told of every kind.
    const id = objectInfo(handle.fd, 8).readUInt32LE(4);
    return { name, path, kind, id, ...(kind === 'link' && { attached: isAttached(handle.fd) }) };
  } finally {
    handle.close();
  }
}

/** Names with a dot are the kernel's own in a bpffs (kernel/bpf/inode.c, bpf_lookup), but `eth0.7` is an interface. */
const directoryOf = (name: string): string => name.replace(/[%.]/g, (c) => (c === '.' ? '%2E' : '%25'));
const interfaceOf = (name: string): string => name.replaceAll('%2E', '.').replaceAll('%25', '%');
