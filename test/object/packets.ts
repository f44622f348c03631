/** An Ethernet frame with an IPv4 packet with a UDP datagram; checksums are left 0. */
export function udpFrame({ source = [10, 0, 0, 1], port = 80, length = 60 } = {}): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00], 0);
  frame.set([0x45, 0, 0, length - 14, 0, 0, 0, 0, 64, 17, 0, 0, ...source, 10, 0, 0, 2], 14);
  frame.set([0x04, 0xd2, port >> 8, port & 255, 0, length - 34, 0, 0], 34);
  return frame;
}
