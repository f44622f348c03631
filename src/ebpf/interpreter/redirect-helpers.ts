import { Helper } from '../helpers.js';
import { XdpAction } from '../xdp.js';
import { Fault } from './fault.js';
import type { HelperFunction, Machine } from './machine.js';
import { InterpreterRedirectMap } from './redirect-map.js';

/** Bits of the flags that are the verdict where the map has nothing at the key. */
const DEFAULT_ACTION = 3;
/** BPF_F_BROADCAST, BPF_F_EXCLUDE_INGRESS */
const BROADCAST = 8;
const EXCLUDE_INGRESS = 16;

/** The helpers that send a packet elsewhere. */
export const REDIRECT_HELPERS: readonly (readonly [number, HelperFunction])[] = [
  [Helper.redirect, (m) => m.return(redirect(m))],
  [Helper.redirectMap, (m) => m.return(redirectMap(m))],
];

/** net/core/filter.c, bpf_xdp_redirect */
function redirect(m: Machine): number {
  if (m.u64(2) !== 0) return XdpAction.aborted;
  m.redirect = { ifindex: m.u32(1) };
  return XdpAction.redirect;
}

/** include/linux/filter.h, __bpf_xdp_redirect_map: a miss forgets the redirect of an earlier call. */
function redirectMap(m: Machine): number {
  const map = m.map(1);
  if (!(map instanceof InterpreterRedirectMap)) throw new Fault('R1 is no map to redirect by');
  const flags = m.u64(3);
  if (flags > 0xff || (flags & ~(DEFAULT_ACTION | map.redirectFlags)) !== 0) return XdpAction.aborted;
  const key = m.u32(2);
  const broadcast = (flags & BROADCAST) !== 0;
  if (!map.has(key) && !broadcast) {
    m.redirect = undefined;
    return flags & DEFAULT_ACTION;
  }
  m.redirect = { map, key, broadcast, excludeIngress: broadcast && (flags & EXCLUDE_INGRESS) !== 0 };
  return XdpAction.redirect;
}
