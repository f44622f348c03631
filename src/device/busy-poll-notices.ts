import { release } from 'node:os';
import type { XdpMode } from '../kernel/index.js';
import { type Link, listQueues } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';

/**
 * What somebody should know who asks for busy polling. Since Linux 6.14 a socket learns when it is bound which NAPI instance
 * to poll, in every mode, and only from a driver that links its queues to them (xsk_bind in net/xdp/xsk.c,
 * netif_queue_set_napi). Before, it learned it from the packets that the driver gave it, and generic mode knew of none.
 */
export function busyPollNotices(link: Link, mode: XdpMode, netns: string | undefined): string[] {
  const { name, driver = 'unknown' } = link;
  if (mode === 'generic' && isBefore(6, 14)) {
    return [`${name}: before Linux 6.14 there is nothing to poll in generic mode: busy polling has no effect`];
  }
  try {
    if (listQueues(link.index, { netns }).some(({ napiId }) => napiId !== undefined)) return [];
  } catch (error) {
    // Before Linux 6.8 nobody can tell.
    if (error instanceof XdpError && ['XDP_ERR_PLATFORM', 'XDP_ERR_NETLINK'].includes(error.code)) return [];
    throw error;
  }
  return [
    `${name}: its driver (${driver}) does not say what serves its queues; from Linux 6.14 on, busy polling has no effect there`,
  ];
}

function isBefore(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = release().split('.').map(Number);
  return ours < major || (ours === major && oursMinor < minor);
}
