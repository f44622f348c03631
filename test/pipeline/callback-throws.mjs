// Throws at every ARP packet, and lets the rest across.
export default function callback(packet, ingress) {
  if (packet.u16(12) === 0x0806) throw new Error('no ARP here');
  return 1 - ingress;
}
