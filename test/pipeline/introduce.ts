import { getLink, setNeighbour } from '../../dist/netdev/index.js';

/**
 * Tells two hosts each other's addresses for good: what drops or delays packets, or a busy machine, then doesn't keep them from asking
 * for it.
 *
 * @param hosts namespaces; the interface of each is eth0. @param addresses of IPv4, by host
 */
export function introduce(hosts: readonly string[], addresses: readonly string[]): void {
  for (const [i, netns] of hosts.entries()) {
    const { mac } = getLink('eth0', { netns: hosts[1 - i]! });
    setNeighbour('eth0', addresses[1 - i]!, mac!, { netns });
  }
}
