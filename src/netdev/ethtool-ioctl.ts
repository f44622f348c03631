import { calls } from '../sys/index.js';

const SIOCETHTOOL = 0x8946;
/** `struct ifreq`: a name of 16 bytes, then a union that here holds a pointer. */
const IFREQ_LENGTH = 40;
const IFREQ_DATA_AT = 16;

/**
 * The old way to ethtool (include/uapi/linux/ethtool.h), for what its netlink family lacks.
 *
 * @param socketFd any socket in the interface's namespace
 * @param data     begins with the command; the kernel writes its answer there
 * @returns 0, or the negated error number
 */
export function ethtoolIoctl(socketFd: number, interfaceName: string, data: Uint8Array): number {
  const request = new Uint8Array(IFREQ_LENGTH);
  request.set(new TextEncoder().encode(interfaceName).subarray(0, 15));
  new DataView(request.buffer).setBigUint64(IFREQ_DATA_AT, BigInt(calls.addressOf(data)), true);
  return calls.ioctl(socketFd, SIOCETHTOOL, request);
}
