/** Drops what one host answers. */
export default (packet, ingress) => (ingress === 1 && packet.u16(12) === 0x0800 ? -1 : 1 - ingress);
