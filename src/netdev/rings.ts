import { readNumbers, writeNumbers } from './device-numbers.js';
import type { NetnsOptions } from './netlink-socket.js';
import { type NumbersWithMaximum, RINGS, type RingSizes } from './number-groups.js';

/**
 * The sizes of a NIC's descriptor rings, as `ethtool -g` shows them.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when its driver has no rings to set: veth, tap, bridge, loopback
 */
export function getRings(
  nameOrIndex: string | number,
  options: NetnsOptions = {},
): NumbersWithMaximum<keyof RingSizes> {
  return readNumbers(RINGS, nameOrIndex, options);
}

/**
 * Sets ring sizes; those left out stay. Most drivers reset the NIC for that. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM, XDP_ERR_NETLINK with EINVAL for a size above the maximum
 */
export function setRings(nameOrIndex: string | number, sizes: RingSizes, options: NetnsOptions = {}): void {
  writeNumbers(RINGS, nameOrIndex, sizes, options);
}
