import { type ErrorCode, XdpError } from '../sys/index.js';

/** What a worker thread of the generator or the receiver says. */
export type WorkerMessage =
  /** It is ready to begin. */
  | { readonly type: 'ready' }
  /** It has come to its end, by itself or by order. */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: WorkerFailure };

/** An error in a form that crosses threads. */
export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
  readonly call?: string | undefined;
  readonly errno?: number | undefined;
}

/** Words of the memory by which the main thread directs workers, in a SharedArrayBuffer. */
export const Control = { go: 0, stop: 1, words: 2 } as const;

export function failureOf(error: unknown): WorkerFailure {
  if (error instanceof XdpError) {
    const { code, message, advice, call, errno } = error;
    return { code, message, advice, call, errno };
  }
  return { code: 'XDP_ERR_WORKER', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
