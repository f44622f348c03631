/**
 * A UDP echo on one AF_XDP socket, on the event loop: datagrams to PORT are turned around in place, without a copy.
 * Everything else on the queue is dropped, ARP included: a peer needs a neighbour entry.
 *
 *     node udp-echo.js IF PORT
 *
 * Needs root (or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF) and Linux 5.10.
 */
import { openInterface, type Packet } from 'xdpkit';

const [name = '', port = '7'] = process.argv.slice(2);
const eth = openInterface(name, { queues: [0] });

function swap(packet: Packet, a: number, b: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) {
    const byte = packet.u8(a + i);
    packet.setU8(a + i, packet.u8(b + i));
    packet.setU8(b + i, byte);
  }
}

eth.onPacket((packet) => {
  // IPv4 without options, UDP, to our port. Swapping leaves every checksum right: it is a sum.
  if (packet.u16(12) !== 0x0800 || packet.u8(14) !== 0x45 || packet.u8(23) !== 17) return -1;
  if (packet.u16(36) !== Number(port)) return -1;
  swap(packet, 0, 6, 6);
  swap(packet, 26, 30, 4);
  swap(packet, 34, 36, 2);
  return 0;
});
console.log(`echoing UDP port ${port} on ${name}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => eth.close());
