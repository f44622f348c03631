import { readNumbers, writeNumbers } from './device-numbers.js';
import type { NetnsOptions } from './netlink-socket.js';
import { CHANNELS, type Channels, type NumbersWithMaximum } from './number-groups.js';

/**
 * A device's channels, as `ethtool -l` shows them. veth has RX and TX channels, most NICs have combined ones.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when its driver has no channels: bridge, loopback
 */
export function getChannels(
  nameOrIndex: string | number,
  options: NetnsOptions = {},
): NumbersWithMaximum<keyof Channels> {
  return readNumbers(CHANNELS, nameOrIndex, options);
}

/**
 * Sets how many channels are in use; counts left out stay. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM, XDP_ERR_NETLINK with EINVAL when the driver refuses: for a count
 *   above the maximum, or because an AF_XDP socket is bound to a queue that would go
 */
export function setChannels(nameOrIndex: string | number, channels: Channels, options: NetnsOptions = {}): void {
  writeNumbers(CHANNELS, nameOrIndex, channels, options);
}
