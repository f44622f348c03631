import type { Bridge } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { callbackModule } from './callback-module.js';

/**
 * Reads the callback anew. A broken one changes nothing.
 *
 * @returns what was done, as a sentence
 * @throws XDP_ERR_USAGE when there is none, XDP_ERR_WORKER when it can't be loaded
 */
export async function reloadCallback(bridge: Bridge, file: string | undefined): Promise<string> {
  if (file === undefined) throw new XdpError('XDP_ERR_USAGE', 'there is no callback to load again');
  try {
    await bridge.replaceCallback(await callbackModule(file));
  } catch (error) {
    const { code } = error instanceof XdpError ? error : { code: 'XDP_ERR_WORKER' as const };
    throw new XdpError(code, `${file} was not loaded again: ${(error as Error).message}`, { cause: error });
  }
  return `${file} was loaded again`;
}
