import { Errno, XdpError } from '../sys/index.js';
import { bpfError } from './bpf.js';
import type { MapKind } from './map-kind.js';

/** The error for a call on a map that is open, `what` being as in `writing into`. */
export function mapError(
  what: string,
  map: { readonly kind: MapKind; readonly name: string },
  result: number,
): XdpError {
  const cause = bpfError(`${what} ${map.kind} map ${map.name}`, result);
  if (result !== -Errno.EPERM) return cause;
  // Whoever has a descriptor needs no capability any more.
  return new XdpError(
    'XDP_ERR_PERMISSION',
    `${what} map ${map.name} is not allowed: it is frozen, or its flags say so`,
    {
      cause,
    },
  );
}
