import { Errno, isErrno, XdpError } from '../sys/index.js';
import { Attributes, PayloadWriter } from './netlink-attributes.js';
import { NETLINK_GENERIC, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const CTRL_ATTR_MCAST_GROUPS = 7;
const CTRL_ATTR_MCAST_GRP_NAME = 1;
const CTRL_ATTR_MCAST_GRP_ID = 2;

/** `struct genlmsghdr`: u8 command, u8 version, u16 reserved. All families here are of version 1. */
const GENL_HEADER_LENGTH = 4;
const VERSION = 1;

/** A family of generic netlink, by the numbers this kernel has given it. */
export interface GenericFamily {
  readonly id: number;
  /** Multicast groups by name. */
  readonly groups: ReadonlyMap<string, number>;
}

export interface GenericMessage {
  readonly command: number;
  readonly attributes: Attributes;
}

/** Requests to one family of generic netlink (Documentation/userspace-api/netlink/intro.rst). */
export class GenericSocket implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly family: GenericFamily;

  /** @throws XDP_ERR_PLATFORM when the kernel doesn't have the family */
  constructor(family: string, options: NetnsOptions = {}) {
    this.#socket = new NetlinkSocket(NETLINK_GENERIC, options);
    try {
      this.family = lookUpFamily(this.#socket, family);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** @returns the attributes of the answers; none when the kernel only acknowledges */
  request(what: string, command: number, write: (payload: PayloadWriter) => void): Attributes[] {
    const answers = this.#socket.request(what, this.family.id, encodeGeneric(command, write));
    return answers.map(({ payload }) => decodeGeneric(payload).attributes);
  }

  /** Asks for everything of a kind. */
  dump(what: string, command: number, write: (payload: PayloadWriter) => void = () => {}): Attributes[] {
    const answers = this.#socket.dump(what, this.family.id, encodeGeneric(command, write));
    return answers.map(({ payload }) => decodeGeneric(payload).attributes);
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function encodeGeneric(command: number, write: (payload: PayloadWriter) => void): Uint8Array {
  const payload = new PayloadWriter(Uint8Array.of(command, VERSION, 0, 0));
  write(payload);
  return payload.finish();
}

/** @throws XDP_ERR_NETLINK when it is malformed */
export function decodeGeneric(payload: Uint8Array): GenericMessage {
  return { command: payload[0] ?? 0, attributes: Attributes.decode(payload, GENL_HEADER_LENGTH) };
}

/** Family numbers are given out at boot and module load, so each socket asks anew: 10 µs. */
function lookUpFamily(socket: NetlinkSocket, name: string): GenericFamily {
  const what = `looking up the ${name} family`;
  const payload = encodeGeneric(CTRL_CMD_GETFAMILY, (request) => request.string(CTRL_ATTR_FAMILY_NAME, name));
  try {
    const [answer] = socket.request(what, GENL_ID_CTRL, payload);
    const attributes = answer && decodeGeneric(answer.payload).attributes;
    const id = attributes?.u16(CTRL_ATTR_FAMILY_ID);
    if (id === undefined) throw new XdpError('XDP_ERR_NETLINK', `the kernel names no number for the ${name} family`);
    return { id, groups: decodeGroups(attributes?.nested(CTRL_ATTR_MCAST_GROUPS)) };
  } catch (cause) {
    if (!isErrno(cause, Errno.ENOENT)) throw cause;
    throw new XdpError('XDP_ERR_PLATFORM', `this kernel has no netlink family ${name}`, { cause });
  }
}

function decodeGroups(list: Attributes | undefined): Map<string, number> {
  const groups = new Map<string, number>();
  for (const { value } of list?.entries ?? []) {
    const group = Attributes.decode(value);
    const id = group.u32(CTRL_ATTR_MCAST_GRP_ID);
    if (id !== undefined) groups.set(group.string(CTRL_ATTR_MCAST_GRP_NAME) ?? '', id);
  }
  return groups;
}
