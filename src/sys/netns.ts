import { Worker } from 'node:worker_threads';
import * as calls from './calls.js';
import { Errno, isErrno, XdpError } from './errors.js';
import { OwnedFd } from './owned-fd.js';

const O_RDONLY_CLOEXEC = 0o2000000;
const CLONE_NEWNET = 0x40000000;

/** Where `ip netns` keeps its namespaces; ours are kept there too, so that both see them. */
export const NETNS_DIRECTORY = '/run/netns';

/** The path of a namespace given by name (as `ip netns` has it) or by path. */
export function namespacePath(nameOrPath: string): string {
  return nameOrPath.includes('/') ? nameOrPath : `${NETNS_DIRECTORY}/${nameOrPath}`;
}

/** @throws XDP_ERR_NO_NAMESPACE */
export function openNamespace(nameOrPath: string): OwnedFd {
  const path = namespacePath(nameOrPath);
  try {
    return new OwnedFd(calls.open(path, O_RDONLY_CLOEXEC), `network namespace ${nameOrPath}`);
  } catch (cause) {
    if (!isErrno(cause, Errno.ENOENT)) throw cause;
    throw new XdpError('XDP_ERR_NO_NAMESPACE', `there is no network namespace ${nameOrPath}`, { cause });
  }
}

/** Moves the calling thread into a namespace for good: for threads that live and die there. Needs CAP_SYS_ADMIN. */
export function enterNamespace(nameOrPath: string): void {
  using namespace = openNamespace(nameOrPath);
  setns(namespace, nameOrPath);
}

/**
 * Runs a synchronous function with the calling thread inside a namespace, and comes back. What it opens (a socket)
 * stays bound to that namespace. Needs CAP_SYS_ADMIN.
 */
export function withNamespace<T>(nameOrPath: string, run: () => NotAPromise<T>): T {
  using home = openNamespace('/proc/thread-self/ns/net');
  enterNamespace(nameOrPath);
  try {
    return run() as T;
  } finally {
    setns(home, 'where this thread was');
  }
}
type NotAPromise<T> = T extends PromiseLike<unknown> ? never : T;

function setns(namespace: OwnedFd, name: string): void {
  try {
    calls.setns(namespace.fd, CLONE_NEWNET);
  } catch (cause) {
    // Some other file; or the one that was left for a moment when a namespace was taken away (ip netns del: umount, then unlink).
    if (isErrno(cause, Errno.EINVAL)) {
      throw new XdpError('XDP_ERR_NO_NAMESPACE', `${name} is no network namespace`, { cause });
    }
    if (!isErrno(cause, Errno.EPERM)) throw cause;
    throw new XdpError('XDP_ERR_PERMISSION', 'entering a network namespace needs CAP_SYS_ADMIN', {
      cause,
      advice: 'run as root, or start xdpkit inside the namespace',
    });
  }
}

/** What {@link runInNamespace} runs: an exported function of a module, with arguments that can be cloned. */
export interface NamespaceTask {
  readonly netns: string;
  readonly module: URL;
  readonly name: string;
  readonly args: readonly unknown[];
  /** Ends the thread; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Milliseconds that a thread has to end by itself: as long as it may be blocked in a system call. */
const STOP_PATIENCE = 3000;

/**
 * Runs an exported function on a thread of its own that lives in a namespace, so that every socket it opens, Node's own
 * included, belongs there. Needs CAP_SYS_ADMIN.
 *
 * @returns what the function returns (or its promise resolves to), cloned
 */
export async function runInNamespace<T>(task: NamespaceTask): Promise<T> {
  task.signal?.throwIfAborted();
  const { netns, name, args } = task;
  const worker = new Worker(new URL('./netns-thread.js', import.meta.url), {
    workerData: { netns, module: task.module.href, name, args },
  });
  // A thread that is ended by force while it is inside the FFI takes the whole process along: so it is asked first.
  let force: NodeJS.Timeout | undefined;
  const stop = () => {
    worker.postMessage('stop');
    force ??= setTimeout(() => void worker.terminate(), STOP_PATIENCE);
  };
  task.signal?.addEventListener('abort', stop);
  try {
    return await new Promise<T>((resolve, reject) => {
      let result: { value: T } | undefined;
      worker.once('message', (value: T) => {
        result = { value };
        stop();
      });
      worker.once('error', reject);
      worker.once('exit', () => {
        if (result !== undefined) resolve(result.value);
        else if (task.signal?.aborted) reject(task.signal.reason);
        else reject(new XdpError('XDP_ERR_WORKER', `the thread in namespace ${netns} ended early`));
      });
    });
  } finally {
    clearTimeout(force);
    task.signal?.removeEventListener('abort', stop);
  }
}
