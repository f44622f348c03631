import { namespacePath, XdpError } from '../sys/index.js';
import { findNamespace } from './find-namespace.js';
import type { Link } from './link-message.js';
import { getLink } from './links.js';
import type { NetnsOptions } from './netlink-socket.js';

/** The other end of a veth pair. */
export interface Peer {
  readonly link: Link;
  /** Path of the namespace it lives in; absent when that is the calling thread's. */
  readonly netns?: string;
}

/**
 * The other end of a veth pair, in whatever namespace it is. Needs CAP_SYS_ADMIN when that is another one.
 *
 * @param options namespace that `link` is in
 * @returns `undefined` when the link is not of a pair, or its peer's namespace can't be found or entered
 */
export function peerOf(link: Link, options: NetnsOptions = {}): Peer | undefined {
  if (link.peer === undefined) return undefined;
  const { index, netnsId } = link.peer;
  const own = options.netns === undefined ? undefined : namespacePath(options.netns);
  const netns = netnsId === undefined ? own : findNamespace(netnsId, options);
  if (netnsId !== undefined && netns === undefined) return undefined;
  try {
    return { link: getLink(index, { netns }), ...(netns !== undefined && { netns }) };
  } catch (error) {
    if (error instanceof XdpError && UNREACHABLE.has(error.code)) return undefined;
    throw error;
  }
}
const UNREACHABLE = new Set(['XDP_ERR_NO_INTERFACE', 'XDP_ERR_NO_NAMESPACE', 'XDP_ERR_PERMISSION']);
