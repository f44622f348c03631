import type { Bridge } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { callbackModule } from './callback-module.js';
import type { RunLog } from './run-log.js';

/**
 * Reads the callback anew, and tells so. A broken one changes nothing.
 *
 * @throws XDP_ERR_USAGE when there is none, XDP_ERR_WORKER when it can't be loaded
 */
export async function reloadCallback(bridge: Bridge, file: string | undefined, log: RunLog): Promise<void> {
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
