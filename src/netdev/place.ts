import { Errno, isErrno, namespacePath, XdpError } from '../sys/index.js';
import type { Link } from './link-message.js';
import { getLink } from './links.js';

/** An interface, as it is named in every change made to it: plain data that another process can read. */
export interface Place {
  readonly interface: string;
  readonly index: number;
  /** Path of the network namespace; absent for the caller's own. */
  readonly netns?: string;
}

export function placeOf(link: Link, netns: string | undefined): Place {
  return { interface: link.name, index: link.index, ...(netns !== undefined && { netns: namespacePath(netns) }) };
}

/**
 * Does something to an interface, if it is still the one it was.
 *
 * @returns `undefined` when it isn't, or goes away meanwhile: it took its settings along
 */
export function whereStill<T>(place: Place, run: (place: Place) => T): T | undefined {
  const { interface: name, index, netns } = place;
  try {
    // Another interface may have the name by now, or in a new namespace of the old name the number.
    return getLink(name, { netns }).index === index ? run(place) : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  if (!(error instanceof XdpError)) return false;
  return error.code === 'XDP_ERR_NO_INTERFACE' || error.code === 'XDP_ERR_NO_NAMESPACE' || isErrno(error, Errno.ENODEV);
}
