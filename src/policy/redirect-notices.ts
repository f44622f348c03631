import type { XdpMode } from '../kernel/index.js';
import { getXdpFeatures, type Link } from '../netdev/index.js';
import type { Action, RuleSet } from '../rules/index.js';
import { XdpError } from '../sys/index.js';

/** Who is sent to from native XDP has to take such packets, or loses them without a word. */
export function redirectNotices({ rules }: RuleSet, link: Link, mode: XdpMode): string[] {
  if (mode === 'generic') return [];
  const actions = rules.flatMap(({ action }) => plainActions(action));
  const targets = new Set(actions.flatMap(interfaceOf));
  const notices = [...targets].filter(isDeaf).map((name) => {
    return `${name} takes no redirected packets now (ndo_xdp_xmit): a veth needs an XDP program or GRO on its peer`;
  });
  // drivers/net/veth.c, veth_xdp_flush: without a program there the peer is not woken. Who else has one can't be seen from here.
  if (link.kind === 'veth' && actions.includes('l2-forward')) {
    notices.push(`${link.name} is a veth: what it sends back (l2-forward) arrives only if its peer has an XDP program`);
  }
  return notices;
}

function plainActions(action: Action): Action[] {
  if (typeof action === 'string' || !('limit' in action)) return [action];
  return [action.limit.within, action.limit.over].flatMap((one) => (one ? plainActions(one) : []));
}

function interfaceOf(action: Action): string[] {
  return typeof action === 'object' && 'redirect' in action && 'interface' in action.redirect
    ? [action.redirect.interface]
    : [];
}

function isDeaf(name: string): boolean {
  try {
    return !getXdpFeatures(name).xdp.includes('ndo-xmit');
  } catch (error) {
    // Before Linux 6.3 nobody can tell.
    if (error instanceof XdpError && error.code === 'XDP_ERR_PLATFORM') return false;
    throw error;
  }
}
