import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespacePath } from '../sys/index.js';
import { bpffs } from './bpffs.js';
import { PinFolder } from './pin-folder.js';
import { openForLock, type PinLock, tryLock } from './pin-lock.js';

/** Milliseconds between two tries for the lock. */
const LOCK_INTERVAL = 10;

/**
 * What is installed on one interface: the directory `xdpkit/<network namespace>/<interface>` of the bpffs, with pins of
 * links, programs and maps. It may not be there yet. Changes are made under {@link lockPins}.
 *
 * The namespace has its number, which `lsns -t net` and /proc/PID/ns/net show: a namespace may have no name, or several.
 * Needs CAP_SYS_ADMIN, or a bpffs that others may write to.
 */
export class PinDirectory extends PinFolder {
  /** Number of the network namespace. */
  readonly namespace: number;
  readonly interface: string;

  private constructor(root: string, namespace: number, name: string) {
    super(`${root}/${namespace}/${directoryOf(name)}`);
    this.namespace = namespace;
    this.interface = name;
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

  override remove(): void {
    if (!this.exists) return;
    super.remove();
    const parent = dirname(this.path);
    if (readdirSync(parent).length === 0) rmdirSync(parent);
  }
}

/** Waits for the right to change what is pinned, on any interface. */
export async function lockPins(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<PinLock> {
  const root = pinRoot();
  const lock = openForLock(root);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      if (tryLock(lock, root)) return lock;
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

/** Names with a dot are the kernel's own in a bpffs (kernel/bpf/inode.c, bpf_lookup), but `eth0.7` is an interface. */
const directoryOf = (name: string): string => name.replace(/[%.]/g, (c) => (c === '.' ? '%2E' : '%25'));
const interfaceOf = (name: string): string => name.replaceAll('%2E', '.').replaceAll('%25', '%');
