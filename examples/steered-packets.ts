/**
 * Prints a line about each packet that rules hand to AF_XDP sockets. All other packets go on to the host. The rules are
 * installed before, and stay:
 *
 *     xdpkit rules load IF steer.yaml        # with the action `redirect`
 *     node steered-packets.js IF
 *
 * Needs root and Linux 5.15.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { u32 } from 'xdpkit/kernel';
import { getLink } from 'xdpkit/netdev';
import { InstalledRules } from 'xdpkit/policy';
import { Batch, openXskSocket, Packet, Umem } from 'xdpkit/xsk';

const [name = ''] = process.argv.slice(2);
const RING = 512;
const link = getLink(name);

using installed = InstalledRules.open(name);
using map = installed.socketMap();
if (map === undefined) throw new Error(`no rule on ${name} says "redirect"`);

using umem = new Umem({ frames: link.rxQueues * 2 * RING });
const sizes = { rxSize: RING, txSize: 0, fillSize: RING, completionSize: RING };
const sockets = Array.from({ length: link.rxQueues }, (_, queue) => {
  const socket = openXskSocket({ umem, interface: link, queue, ...sizes });
  socket.rings.refill(RING);
  map.update(u32(queue), u32(socket.fd));
  return socket;
});
console.log(`${sockets.length} sockets wait for packets of ${name}`);

let ended = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (ended = true));
const batch = new Batch(umem, 64);
const packet = new Packet(batch, umem.frameSize);
while (!ended) {
  for (const socket of sockets) {
    const count = socket.receive(batch);
    for (let i = 0; i < count; i++) {
      packet.moveTo(i);
      console.log(packet.summary());
      umem.pool.give(batch.addresses[i]!);
    }
    socket.rings.refill(count);
  }
  await sleep(10);
}
// The kernel takes a closed socket out of the map: its packets pass to the host again.
for (const socket of sockets) socket.close();
