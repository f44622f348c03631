import type { Bridge } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { callbackModule } from './callback-module.js';
import type { RunLog } from './run-log.js';

/**
 * A function that reads the callback anew, and tells so. A broken one changes nothing. Whoever asks while it is being read shares
 * the next reading with all others who do: however many ask, no more than two sets of threads are there at once.
 *
 * The function throws XDP_ERR_USAGE when there is none, XDP_ERR_WORKER when it can't be loaded.
 */
export function callbackReloader(bridge: Bridge, file: string | undefined, log: RunLog): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    next = undefined;
    current = reload(bridge, file, log).finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (current === undefined) return begin();
    next ??= current.then(begin, begin);
    return next;
  };
}

async function reload(bridge: Bridge, file: string | undefined, log: RunLog): Promise<void> {
  try {
    if (file === undefined) throw new XdpError('XDP_ERR_USAGE', 'there is no callback to load again');
    await replace(bridge, file);
    log.note(`${file} was loaded again`);
  } catch (error) {
    log.note((error as Error).message, 'error');
    throw error;
  }
}

async function replace(bridge: Bridge, file: string): Promise<void> {
  try {
    await bridge.replaceCallback(await callbackModule(file));
  } catch (error) {
    const code = error instanceof XdpError ? error.code : 'XDP_ERR_WORKER';
    throw new XdpError(code, `${file} was not loaded again: ${(error as Error).message}`, { cause: error });
  }
}
