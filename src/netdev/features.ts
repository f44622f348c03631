import { EthtoolSocket } from './ethtool-socket.js';
import { getLink } from './links.js';
import { Attributes, type PayloadWriter } from './netlink-attributes.js';
import type { NetnsOptions } from './netlink-socket.js';

const ETHTOOL_MSG_FEATURES_GET = 11;
const ETHTOOL_MSG_FEATURES_SET = 12;
const ETHTOOL_A_FEATURES_HW = 2;
const ETHTOOL_A_FEATURES_WANTED = 3;
const ETHTOOL_A_FEATURES_ACTIVE = 4;
const ETHTOOL_A_FEATURES_NOCHANGE = 5;
const ETHTOOL_A_BITSET_BITS = 3;
const ETHTOOL_A_BITSET_BITS_BIT = 1;
const ETHTOOL_A_BITSET_BIT_NAME = 2;
const ETHTOOL_A_BITSET_BIT_VALUE = 3;

/** An offload of an interface. */
export interface Feature {
  readonly active: boolean;
  /** What was asked for; the driver may hold it back while another feature is off. */
  readonly wanted: boolean;
  /** Whether it can be switched at all. */
  readonly changeable: boolean;
}

/**
 * The offload features of an interface, by the names `ethtool -k` has for single features (`tx-checksum-ip-generic`).
 *
 * @throws XDP_ERR_NO_INTERFACE
 */
export function getFeatures(nameOrIndex: string | number, options: NetnsOptions = {}): Map<string, Feature> {
  const { index } = getLink(nameOrIndex, options);
  using socket = new EthtoolSocket(options);
  return readFeatures(socket, index);
}

/**
 * Switches offload features, all in one request. Needs CAP_NET_ADMIN.
 *
 * @returns the features whose state really changed, with the new one: a fixed feature is not among them, and one that
 *   depends on a changed one may be
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK when a name is unknown
 */
export function setFeatures(
  nameOrIndex: string | number,
  features: Readonly<Record<string, boolean>>,
  options: NetnsOptions = {},
): Map<string, boolean> {
  const { index } = getLink(nameOrIndex, options);
  using socket = new EthtoolSocket(options);
  const [answer] = socket.request(`setting features of ${nameOrIndex}`, ETHTOOL_MSG_FEATURES_SET, index, (payload) =>
    writeBits(payload, features),
  );
  return answer === undefined ? new Map() : bits(answer, ETHTOOL_A_FEATURES_ACTIVE);
}

function readFeatures(socket: EthtoolSocket, index: number): Map<string, Feature> {
  const [answer] = socket.request('reading features', ETHTOOL_MSG_FEATURES_GET, index);
  if (answer === undefined) return new Map();
  const wanted = bits(answer, ETHTOOL_A_FEATURES_WANTED);
  const active = bits(answer, ETHTOOL_A_FEATURES_ACTIVE);
  const fixed = bits(answer, ETHTOOL_A_FEATURES_NOCHANGE);
  // Of the four sets only this one comes with a mask, and its mask is every feature the kernel knows.
  const all = [...bits(answer, ETHTOOL_A_FEATURES_HW)];
  return new Map(
    all.map(([name, hardware]) => [
      name,
      { active: active.has(name), wanted: wanted.has(name), changeable: hardware && !fixed.has(name) },
    ]),
  );
}

/** A bit set in its verbose form: a list of names, each with or without the flag that stands for 1. */
function bits(answer: Attributes, type: number): Map<string, boolean> {
  const result = new Map<string, boolean>();
  for (const entry of answer.nested(type)?.nested(ETHTOOL_A_BITSET_BITS)?.entries ?? []) {
    if (entry.type !== ETHTOOL_A_BITSET_BITS_BIT) continue;
    const bit = Attributes.decode(entry.value);
    const name = bit.string(ETHTOOL_A_BITSET_BIT_NAME);
    if (name) result.set(name, bit.has(ETHTOOL_A_BITSET_BIT_VALUE));
  }
  return result;
}

function writeBits(payload: PayloadWriter, features: Readonly<Record<string, boolean>>): void {
  payload.nested(ETHTOOL_A_FEATURES_WANTED, (set) => {
    set.nested(ETHTOOL_A_BITSET_BITS, (list) => {
      for (const [name, on] of Object.entries(features)) {
        list.nested(ETHTOOL_A_BITSET_BITS_BIT, (bit) => {
          bit.string(ETHTOOL_A_BITSET_BIT_NAME, name);
          if (on) bit.flag(ETHTOOL_A_BITSET_BIT_VALUE);
        });
      }
    });
  });
}
