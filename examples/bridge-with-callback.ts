/**
 * A bridge with a callback: it counts down the hop limit of IPv4 packets, drops what has come to its end, and sends
 * everything else across. This file is both the program and the module that each worker loads for its callback.
 *
 *     node bridge-with-callback.js IF0 IF1
 *
 * Needs root (or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF) and Linux 5.10.
 */
import { once } from 'node:events';
import { isMainThread } from 'node:worker_threads';
import { Bridge, type Packet } from 'xdpkit';

export default function hop(packet: Packet, ingress: number): number {
  if (packet.u16(12) === 0x0800) {
    const ttl = packet.u8(22);
    if (ttl <= 1) return -1;
    packet.setU8(22, ttl - 1);
    // RFC 1624: the header's checksum grows by what the field lost.
    const sum = packet.u16(24) + 0x0100;
    packet.setU16(24, (sum & 0xffff) + (sum >>> 16));
  }
  return 1 - ingress;
}

if (isMainThread) {
  const [if0 = '', if1 = ''] = process.argv.slice(2);
  await using bridge = await Bridge.open({ interfaces: [if0, if1], callback: new URL(import.meta.url) });
  console.log(`bridging ${if0} and ${if1}`);
  await Promise.race([bridge.finished, once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const { last } = await bridge.close();
  for (const { interface: name, total } of last.ports)
    console.log(`${name}: ${total.rxPackets} packets in, ${total.callback} dropped`);
}
