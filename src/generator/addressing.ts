import { type Link, listNeighbours, peerOf } from '../netdev/index.js';
import type { TrafficDescription } from './description.js';
import { usage } from './usage.js';

/**
 * Fills in the MAC addresses that a description leaves out: the interface's own, and that of whoever is at its other end,
 * the veth peer or the neighbour that has the destination address.
 *
 * @throws XDP_ERR_USAGE when nobody knows who that is
 */
export function addressed(
  description: TrafficDescription,
  link: Link,
  netns: string | undefined,
  nameOf: (key: string) => string,
): TrafficDescription {
  if (description.replay !== undefined) return description;
  const sourceMac = description.sourceMac ?? (link.mac === '' ? undefined : link.mac);
  const destinationMac = description.destinationMac ?? otherEnd(description, link, netns);
  if (destinationMac === undefined) {
    throw usage(
      `nobody knows who is at the other end of ${link.name}`,
      `say it with ${nameOf('destinationMac')}, such as that of the next router`,
    );
  }
  return { ...description, destinationMac, ...(sourceMac !== undefined && { sourceMac }) };
}

function otherEnd({ destination }: TrafficDescription, link: Link, netns: string | undefined): string | undefined {
  const peer = peerOf(link, { netns })?.link.mac;
  if (peer) return peer;
  // The first address of a range will do.
  const first = destination?.replace(/^random:/, '').split(/[-/]/)[0];
  const neighbours = first === undefined ? [] : listNeighbours({ netns, link: link.index });
  return neighbours.find(({ address }) => address === first)?.mac;
}
