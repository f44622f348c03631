import { openNamespace } from '../sys/index.js';
import { IFLA, IFLA_INFO_DATA, IFLA_INFO_KIND, linkHeader, RTM_NEWLINK } from './link-message.js';
import { parseMac } from './mac.js';
import { PayloadWriter } from './netlink-attributes.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket } from './netlink-socket.js';

const VETH_INFO_PEER = 1;

/** One end of a veth pair. */
export interface VethEnd {
  /** At most 15 bytes. */
  readonly name: string;
  /** Name or path of the namespace it comes to life in; the calling thread's when absent. */
  readonly netns?: string | undefined;
  /** RX queues and TX queues each; 1 when absent. */
  readonly queues?: number | undefined;
  /** Ethernet address; a random one when absent. */
  readonly mac?: string | undefined;
}

/**
 * Makes a veth pair; both ends are down. Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for a namespace other than the own.
 *
 * @throws XDP_ERR_NETLINK with EEXIST when a name is taken, XDP_ERR_NO_NAMESPACE
 */
export function createVeth(options: VethEnd & { readonly peer: VethEnd }): void {
  const { peer } = options;
  using peerNamespace = openNamespace(peer.netns ?? '/proc/thread-self/ns/net');
  using socket = new NetlinkSocket(NETLINK_ROUTE, { netns: options.netns });
  const payload = writeEnd(new PayloadWriter(linkHeader(0)), options).nested(IFLA.LINKINFO, (info) => {
    info.string(IFLA_INFO_KIND, 'veth').nested(IFLA_INFO_DATA, (data) => {
      data.nested(
        VETH_INFO_PEER,
        (inner) => writeEnd(inner, peer).u32(IFLA.NET_NS_FD, peerNamespace.fd),
        linkHeader(0),
      );
    });
  });
  const what = `making veth pair ${options.name} and ${peer.name}`;
  socket.request(what, RTM_NEWLINK, payload.finish(), NLM_F_CREATE | NLM_F_EXCL);
}

function writeEnd(payload: PayloadWriter, { name, queues = 1, mac }: VethEnd): PayloadWriter {
  payload.string(IFLA.IFNAME, name).u32(IFLA.NUM_TX_QUEUES, queues).u32(IFLA.NUM_RX_QUEUES, queues);
  return mac === undefined ? payload : payload.bytes(IFLA.ADDRESS, parseMac(mac));
}
