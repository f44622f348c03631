/** Drops IPv6. */
export default (packet, ingress) => (packet.u16(12) === 0x86dd ? -1 : 1 - ingress);
