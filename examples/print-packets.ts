/**
 * Receives packets with AF_XDP and prints a line about each.
 *
 *     node print-packets.js IF [COUNT]
 *
 * Needs root (or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF) and Linux 5.10.
 */
import { openInterface } from 'xdpkit';

const [name = '', count = 'Infinity'] = process.argv.slice(2);
using eth = openInterface(name);
const packets = eth.packets();
console.log(`listening on ${name}, ${eth.device.mode} mode`);
let seen = 0;
for await (const packet of packets) {
  console.log(packet.summary());
  if (++seen >= Number(count)) break;
}
