import { XdpError } from '../sys/index.js';

/** The file is damaged, or asks for something that xdpkit does not do: `what` says which, and names it. */
export function objectError(what: string, advice?: string): XdpError {
  return new XdpError('XDP_ERR_OBJECT', what, { advice });
}

/** Names that have to be of one thing each. */
export function refuseTwins(what: 'section' | 'map', names: readonly string[]): void {
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin !== undefined) throw objectError(`the file has two ${what}s called ${twin}`);
}
