import { XdpError } from '../sys/index.js';

/** An error about a value, without the name of what has it: {@link naming} puts that before it. */
export function usage(message: string, advice?: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message, { advice });
}

/** Runs a parser; what it complains of gets the name of the option or property. */
export function naming<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof XdpError) || error.code !== 'XDP_ERR_USAGE') throw error;
    throw new XdpError('XDP_ERR_USAGE', `${name}: ${error.message}`, { advice: error.advice });
  }
}
