import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ErrorCode, XdpError } from '../sys/index.js';

/** Says to a process that it was started by {@link startInBackground}. */
const MARK = 'XDPKIT_BACKGROUND';

/** What a process in the background says to the one that started it: once, before it is left alone. */
type Word =
  | { readonly type: 'ready'; readonly notes: readonly string[] }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly advice?: string | undefined;
    };

export interface Background {
  readonly pid: number;
  /** What it had to say while it started. */
  readonly notes: readonly string[];
}

/** Whether this process was started by {@link startInBackground}, and its starter waits to hear of it. */
export function isInBackground(): boolean {
  return process.env[MARK] === '1' && process.send !== undefined;
}

/**
 * Starts this very command once more, in a session of its own (setsid(2)) that no terminal can end, and waits until it says that it
 * is ready.
 *
 * @param output where goes what it writes to its output, such as a crash
 * @param signal ends the waiting, and the process
 * @throws what kept the process from being ready; the signal's reason
 */
export async function startInBackground(output: number | 'ignore', signal: AbortSignal): Promise<Background> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    // What it has said is heard before its end of the channel is.
    const silent = once(child, 'disconnect').then(() => [undefined] as const);
    const [word] = await Promise.race([once(child, 'message') as Promise<[Word]>, silent]);
    if (word?.type === 'ready') return { pid: child.pid!, notes: word.notes };
    const [code, killer] = await exited;
    if (word !== undefined) throw new XdpError(word.code, word.message, { advice: word.advice });
    signal.throwIfAborted();
    const how = killer === null ? `with ${code}` : `by ${killer}`;
    throw new XdpError('XDP_ERR_INTERNAL', `the process ended ${how} before it was ready`, {
      advice: 'its log tells more',
    });
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** Lets the starter go: the data path runs. */
export async function tellReady(notes: readonly string[]): Promise<void> {
  await tell({ type: 'ready', notes });
}

/** Has the starter tell what went wrong. */
export async function tellFailure(error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const { code, advice } = error instanceof XdpError ? error : new XdpError('XDP_ERR_INTERNAL', message);
  await tell({ type: 'failed', code, message, advice });
}

async function tell(word: Word): Promise<void> {
  delete process.env[MARK];
  // A starter that is gone needs to know nothing.
  await new Promise<void>((resolve) => process.send!(word, () => resolve()));
  if (process.connected) process.disconnect();
}
