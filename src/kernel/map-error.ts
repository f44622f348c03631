import { Errno, XdpError } from '../sys/index.js';
import { bpfError } from './bpf.js';
import type { MapKind } from './map-kind.js';

/**
 * The error for a call on a map that is open.
 *
 * @param what as in `writing into`
 * @param isFrozen whether that is the reason, although the kernel does not say EPERM
 */
export function mapError(
  what: string,
  map: { readonly kind: MapKind; readonly name: string },
  result: number,
  isFrozen = false,
): XdpError {
  const cause = bpfError(`${what} ${map.kind} map ${map.name}`, result);
  if (result !== -Errno.EPERM && !isFrozen) return cause;
  // Whoever has a descriptor needs no capability any more.
  return new XdpError(
    'XDP_ERR_PERMISSION',
    `${what} map ${map.name} is not allowed: it is frozen, or its flags say so`,
    {
      cause,
    },
  );
}
