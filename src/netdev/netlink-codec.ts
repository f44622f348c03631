import { Attributes, align4, malformed, viewOf } from './netlink-attributes.js';

/**
 * Netlink's messages, without any I/O: a header and a payload, which is a fixed structure followed by attributes. See
 * include/uapi/linux/netlink.h and Documentation/userspace-api/netlink/intro.rst.
 */

const HEADER_LENGTH = 16;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** On an answer: the dump was interrupted by a change, and may be inconsistent. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

const NLMSGERR_ATTR_MSG = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** What an NLMSG_ERROR or NLMSG_DONE says. */
export interface NetlinkStatus {
  /** 0 for success, else a positive error number. */
  readonly errno: number;
  /** The kernel's own words (NLMSGERR_ATTR_MSG), if it had any. */
  readonly reason: string | undefined;
}

/** One message, header and all, padded to four bytes. */
export function encodeMessage(message: NetlinkMessage): Uint8Array<ArrayBuffer> {
  const length = HEADER_LENGTH + message.payload.length;
  const bytes = new Uint8Array(align4(length));
  const view = viewOf(bytes);
  view.setUint32(0, length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  view.setUint32(12, message.port, true);
  bytes.set(message.payload, HEADER_LENGTH);
  return bytes;
}

/**
 * The messages of one datagram. Payloads are views into it.
 *
 * @throws XDP_ERR_NETLINK when a length points outside the datagram
 */
export function decodeMessages(datagram: Uint8Array): NetlinkMessage[] {
  const view = viewOf(datagram);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length; ) {
    if (at + HEADER_LENGTH > datagram.length) throw malformed('a message header is cut off');
    const length = view.getUint32(at, true);
    if (length < HEADER_LENGTH || at + length > datagram.length) throw malformed(`a message claims ${length} bytes`);
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: datagram.subarray(at + HEADER_LENGTH, at + length),
    });
    at += align4(length);
  }
  return messages;
}

/**
 * The verdict in an NLMSG_ERROR or NLMSG_DONE message.
 *
 * @throws XDP_ERR_NETLINK when it is cut off
 */
export function decodeStatus(message: NetlinkMessage): NetlinkStatus {
  const { payload, flags, type } = message;
  // An empty NLMSG_DONE is allowed: older dumps end in one.
  if (payload.length < 4) {
    if (type === NLMSG_DONE) return { errno: 0, reason: undefined };
    throw malformed('an error message is cut off');
  }
  const view = viewOf(payload);
  const errno = Math.abs(view.getInt32(0, true));
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, reason: undefined };
  let at = 4;
  if (type === NLMSG_ERROR) {
    // The request's header follows, and unless it is capped the rest of the request too.
    if (payload.length < 4 + HEADER_LENGTH) throw malformed('an error message is cut off');
    const request = Math.min(Math.max(view.getUint32(4, true), HEADER_LENGTH), payload.length);
    at += (flags & NLM_F_CAPPED) !== 0 ? HEADER_LENGTH : align4(request);
  }
  return { errno, reason: at <= payload.length ? Attributes.decode(payload, at).string(NLMSGERR_ATTR_MSG) : undefined };
}
