import type { XdpMode } from '../kernel/index.js';
import { getXdpFeatures } from '../netdev/index.js';
import type { Action, RuleSet } from '../rules/index.js';
import { XdpError } from '../sys/index.js';

/** Who is redirected to from native XDP has to take such packets, or loses them without a word. */
export function redirectNotices({ rules }: RuleSet, mode: XdpMode): string[] {
  if (mode === 'generic') return [];
  const targets = new Set(rules.flatMap(({ action }) => interfacesOf(action)));
  return [...targets].filter(isDeaf).map((name) => {
    return `${name} takes no redirected packets now (ndo_xdp_xmit): a veth needs an XDP program or GRO on its peer`;
  });
}

function interfacesOf(action: Action): string[] {
  if (typeof action === 'string') return [];
  if ('limit' in action)
    return [action.limit.within, action.limit.over].flatMap((one) => (one ? interfacesOf(one) : []));
  return 'redirect' in action && 'interface' in action.redirect ? [action.redirect.interface] : [];
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
