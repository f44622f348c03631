import { Errno, isErrno } from '../sys/index.js';
import { EthtoolSocket } from './ethtool-socket.js';
import type { Attributes } from './netlink-attributes.js';
import type { NetnsOptions } from './netlink-socket.js';

const ETHTOOL_MSG_CHANNELS_GET = 17;
const ETHTOOL_A_CHANNELS_RX_COUNT = 6;
const ETHTOOL_A_CHANNELS_TX_COUNT = 7;
const ETHTOOL_A_CHANNELS_COMBINED_COUNT = 9;

/** Queues in use, each direction with its share of the combined channels. */
export interface QueueCounts {
  readonly rx: number;
  readonly tx: number;
}

/** Queue counts of one device, or `undefined` if its driver has no notion of channels. */
export function channelsOf(index: number, options: NetnsOptions): QueueCounts | undefined {
  using socket = new EthtoolSocket(options);
  try {
    const [answer] = socket.request('reading channels', ETHTOOL_MSG_CHANNELS_GET, index);
    return answer && counts(answer);
  } catch (error) {
    if (isErrno(error, Errno.EOPNOTSUPP)) return undefined;
    throw error;
  }
}

/** Queue counts of all devices whose drivers have channels, by interface index. */
export function allChannels(options: NetnsOptions): Map<number, QueueCounts> {
  using socket = new EthtoolSocket(options);
  const answers = socket.dump('listing channels', ETHTOOL_MSG_CHANNELS_GET);
  return new Map([...answers].map(([index, answer]) => [index, counts(answer)]));
}

/** A count that the driver leaves out is 0: veth has RX and TX channels, most NICs have combined ones. */
function counts(answer: Attributes): QueueCounts {
  const combined = answer.u32(ETHTOOL_A_CHANNELS_COMBINED_COUNT) ?? 0;
  return {
    rx: (answer.u32(ETHTOOL_A_CHANNELS_RX_COUNT) ?? 0) + combined,
    tx: (answer.u32(ETHTOOL_A_CHANNELS_TX_COUNT) ?? 0) + combined,
  };
}
