import { Errno, isErrno } from '../sys/index.js';
import type { EthtoolSocket } from './ethtool-socket.js';
import type { Attributes } from './netlink-attributes.js';
import { CHANNELS } from './number-groups.js';

/** Queues in use, each direction with its share of the combined channels; at least 1. */
export interface QueueCounts {
  readonly rx: number;
  readonly tx: number;
}

/** Queue counts of one device, or `undefined` if its driver has no notion of channels, or it has gone away. */
export function readQueueCounts(socket: EthtoolSocket, index: number): QueueCounts | undefined {
  try {
    const [answer] = socket.request('reading channels', CHANNELS.getCommand, index);
    return answer && decodeQueueCounts(answer);
  } catch (error) {
    if (isErrno(error, Errno.EOPNOTSUPP, Errno.ENODEV)) return undefined;
    throw error;
  }
}

/** Queue counts of all devices whose drivers have channels, by interface index. */
export function listQueueCounts(socket: EthtoolSocket): Map<number, QueueCounts> {
  const answers = socket.dump('listing channels', CHANNELS.getCommand);
  return new Map([...answers].map(([index, answer]) => [index, decodeQueueCounts(answer)]));
}

/**
 * The counts in an answer to CHANNELS_GET, or in a notification. The kernel leaves out what the driver has none of: veth
 * has RX and TX channels, most NICs have combined ones.
 */
export function decodeQueueCounts(answer: Attributes): QueueCounts {
  const { rx, tx, combined } = CHANNELS.current;
  const both = answer.u32(combined) ?? 0;
  return { rx: Math.max(1, (answer.u32(rx) ?? 0) + both), tx: Math.max(1, (answer.u32(tx) ?? 0) + both) };
}
