import { ethtoolIoctl } from './ethtool-ioctl.js';

const ETHTOOL_GDRVINFO = 0x3;
/** `struct ethtool_drvinfo`; the driver's name is 32 bytes behind the command. */
const DRVINFO_LENGTH = 196;
const DRIVER_AT = 4;
const DRIVER_LENGTH = 32;

/**
 * The name of the driver behind an interface, such as `veth` or `ixgbe`, which netlink doesn't tell. Loopback has none.
 *
 * @param socketFd any socket in the interface's namespace
 */
export function driverName(socketFd: number, interfaceName: string): string | undefined {
  const info = new Uint8Array(DRVINFO_LENGTH);
  new DataView(info.buffer).setUint32(0, ETHTOOL_GDRVINFO, true);
  if (ethtoolIoctl(socketFd, interfaceName, info) < 0) return undefined;
  const name = info.subarray(DRIVER_AT, DRIVER_AT + DRIVER_LENGTH);
  const end = name.indexOf(0);
  return new TextDecoder().decode(name.subarray(0, end < 0 ? name.length : end)) || undefined;
}
