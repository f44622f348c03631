import { calls } from '../sys/index.js';

const SIOCETHTOOL = 0x8946;
const ETHTOOL_GDRVINFO = 0x3;
/** `struct ethtool_drvinfo`; the driver's name is 32 bytes behind the command. */
const DRVINFO_LENGTH = 196;
const DRIVER_AT = 4;
const DRIVER_LENGTH = 32;
/** `struct ifreq`: a name of 16 bytes, then a union that here holds a pointer. */
const IFREQ_LENGTH = 40;
const IFREQ_DATA_AT = 16;

/**
 * The name of the driver behind an interface, such as `veth` or `ixgbe`: the one thing about a device that netlink
 * doesn't tell. Loopback has none.
 *
 * @param socketFd any socket in the interface's namespace
 */
export function driverName(socketFd: number, interfaceName: string): string | undefined {
  const info = new Uint8Array(DRVINFO_LENGTH);
  new DataView(info.buffer).setUint32(0, ETHTOOL_GDRVINFO, true);
  const request = new Uint8Array(IFREQ_LENGTH);
  request.set(new TextEncoder().encode(interfaceName).subarray(0, 15));
  new DataView(request.buffer).setBigUint64(IFREQ_DATA_AT, BigInt(calls.addressOf(info)), true);
  if (calls.ioctl(socketFd, SIOCETHTOOL, request) < 0) return undefined;
  const name = info.subarray(DRIVER_AT, DRIVER_AT + DRIVER_LENGTH);
  const end = name.indexOf(0);
  return new TextDecoder().decode(name.subarray(0, end < 0 ? name.length : end)) || undefined;
}
