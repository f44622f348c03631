import { XdpError } from '../sys/index.js';
import { Attributes, PayloadWriter } from './netlink-attributes.js';
import { NETLINK_GENERIC, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

const GENL_HEADER_LENGTH = 4;
/** Every ethtool message has its device header in the first attribute. */
const ETHTOOL_A_HEADER = 1;
const ETHTOOL_A_HEADER_DEV_INDEX = 1;
const ETHTOOL_GENL_VERSION = 1;

/** Ethtool's generic netlink family (kernel 5.6, Documentation/networking/ethtool-netlink.rst). */
export class EthtoolSocket implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly #family: number;

  constructor(options: NetnsOptions = {}) {
    this.#socket = new NetlinkSocket(NETLINK_GENERIC, options);
    try {
      this.#family = resolveFamily(this.#socket, 'ethtool');
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /**
   * @param index the interface's
   * @returns the attributes of the answers; none when the kernel only acknowledges
   */
  request(what: string, command: number, index: number, write?: (payload: PayloadWriter) => void): Attributes[] {
    const payload = new PayloadWriter(genlHeader(command));
    payload.nested(ETHTOOL_A_HEADER, (header) => header.u32(ETHTOOL_A_HEADER_DEV_INDEX, index));
    write?.(payload);
    const answers = this.#socket.request(what, this.#family, payload.finish());
    return answers.map((answer) => Attributes.decode(answer.payload, GENL_HEADER_LENGTH));
  }

  /** Asks for all devices that know this command: answers by interface index. */
  dump(what: string, command: number): Map<number, Attributes> {
    const payload = new PayloadWriter(genlHeader(command)).nested(ETHTOOL_A_HEADER, () => {});
    const byIndex = new Map<number, Attributes>();
    for (const answer of this.#socket.dump(what, this.#family, payload.finish())) {
      const attributes = Attributes.decode(answer.payload, GENL_HEADER_LENGTH);
      const index = attributes.nested(ETHTOOL_A_HEADER)?.u32(ETHTOOL_A_HEADER_DEV_INDEX);
      if (index !== undefined) byIndex.set(index, attributes);
    }
    return byIndex;
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function genlHeader(command: number): Uint8Array {
  return Uint8Array.of(command, ETHTOOL_GENL_VERSION, 0, 0);
}

/** Family numbers are given out at boot and module load, so each socket asks anew: 10 µs. */
function resolveFamily(socket: NetlinkSocket, name: string): number {
  const payload = new PayloadWriter(genlHeader(CTRL_CMD_GETFAMILY)).string(CTRL_ATTR_FAMILY_NAME, name);
  const [answer] = socket.request(`looking up the ${name} family`, GENL_ID_CTRL, payload.finish());
  const id = answer && Attributes.decode(answer.payload, GENL_HEADER_LENGTH).u16(CTRL_ATTR_FAMILY_ID);
  if (id === undefined) throw new XdpError('XDP_ERR_NETLINK', `the kernel names no number for the ${name} family`);
  return id;
}
