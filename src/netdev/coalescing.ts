import { readNumbers, writeNumbers } from './device-numbers.js';
import type { NetnsOptions } from './netlink-socket.js';
import { COALESCING, type Coalescing } from './number-groups.js';

/**
 * A device's interrupt coalescing, as `ethtool -c` shows it.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when its driver has none: veth, bridge, loopback
 */
export function getCoalescing(nameOrIndex: string | number, options: NetnsOptions = {}): Coalescing {
  return readNumbers(COALESCING, nameOrIndex, options).current;
}

/**
 * Sets interrupt coalescing; values left out stay. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when the driver has none, XDP_ERR_NETLINK with EINVAL when it lacks or
 *   refuses a value
 */
export function setCoalescing(nameOrIndex: string | number, values: Coalescing, options: NetnsOptions = {}): void {
  writeNumbers(COALESCING, nameOrIndex, values, options);
}
