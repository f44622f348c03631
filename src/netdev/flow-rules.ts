import { Errno, refusedError, SystemError } from '../sys/index.js';
import { unlessUnsupported } from './device-numbers.js';
import { ethtoolIoctl } from './ethtool-ioctl.js';
import type { FlowRule } from './flow-rule.js';
import { decodeFlowSpec, encodeFlowSpec, FLOW_SPEC_LENGTH } from './flow-spec.js';
import type { Link } from './link-message.js';
import { getLink } from './links.js';
import { viewOf } from './netlink-attributes.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const ETHTOOL_GRXCLSRLCNT = 0x2e;
const ETHTOOL_GRXCLSRULE = 0x2f;
const ETHTOOL_GRXCLSRLALL = 0x30;
const ETHTOOL_SRXCLSRLDEL = 0x31;
const ETHTOOL_SRXCLSRLINS = 0x32;

/** `struct ethtool_rxnfc`: u32 command, u32 flow type, u64 data, the rule, u32 count of rules, u32 locations. */
const RXNFC_LENGTH = 192;
const DATA_AT = 8;
const SPEC_AT = 16;
const LOCATION_AT = SPEC_AT + 160;
const COUNT_AT = SPEC_AT + FLOW_SPEC_LENGTH;
const LOCATIONS_AT = COUNT_AT + 4;

/** In the answer to GRXCLSRLCNT: the driver finds a place for RX_CLS_LOC_ANY itself. */
const RX_CLS_LOC_SPECIAL = 0x8000_0000;
const RX_CLS_LOC_ANY = 0xffff_ffff;

/**
 * The flow steering rules of a NIC, as `ethtool -n` shows them, by location. Rules that {@link FlowRule} has no words for
 * are left out.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when its driver has none: veth, tap, bridge, loopback
 */
export function listFlowRules(nameOrIndex: string | number, options: NetnsOptions = {}): FlowRule[] {
  using device = new FlowDevice(nameOrIndex, options);
  return device.rules();
}

/**
 * Gives a NIC a flow steering rule. Its feature `rx-ntuple-filter` has to be on. Needs CAP_NET_ADMIN.
 *
 * @returns the location it got
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM, XDP_ERR_USAGE for a rule that contradicts itself, XDP_ERR_PERMISSION,
 *   XDP_ERR_SYSTEM with the error number of a driver that doesn't take the rule, or that has no room left (ENOSPC)
 */
export function addFlowRule(nameOrIndex: string | number, rule: FlowRule, options: NetnsOptions = {}): number {
  using device = new FlowDevice(nameOrIndex, options);
  return device.add(rule);
}

/**
 * Takes the rule at a location away. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM, XDP_ERR_PERMISSION, XDP_ERR_SYSTEM when there is none (most drivers
 *   say ENOENT or EINVAL)
 */
export function removeFlowRule(nameOrIndex: string | number, location: number, options: NetnsOptions = {}): void {
  using device = new FlowDevice(nameOrIndex, options);
  device.remove(location);
}

/** Whether two rules do the same, wherever they stand. */
export function isSameRule(a: FlowRule, b: FlowRule): boolean {
  return Buffer.compare(encodeFlowSpec(a, 0), encodeFlowSpec(b, 0)) === 0;
}

class FlowDevice implements Disposable {
  readonly #link: Link;
  readonly #socket: NetlinkSocket;

  constructor(nameOrIndex: string | number, options: NetnsOptions) {
    this.#link = getLink(nameOrIndex, options);
    this.#socket = new NetlinkSocket(NETLINK_ROUTE, options);
  }

  rules(): FlowRule[] {
    return this.#locations().locations.flatMap((location) => {
      const request = this.#request(ETHTOOL_GRXCLSRULE);
      viewOf(request).setUint32(LOCATION_AT, location, true);
      this.#call(`reading flow rule ${location} of`, request);
      const rule = decodeFlowSpec(request.subarray(SPEC_AT, SPEC_AT + FLOW_SPEC_LENGTH));
      return rule === undefined ? [] : { ...rule, location };
    });
  }

  add(rule: FlowRule): number {
    const request = this.#request(ETHTOOL_SRXCLSRLINS);
    request.set(encodeFlowSpec(rule, rule.location ?? this.#freeLocation()), SPEC_AT);
    this.#call('adding a flow rule to', request);
    return viewOf(request).getUint32(LOCATION_AT, true);
  }

  remove(location: number): void {
    const request = this.#request(ETHTOOL_SRXCLSRLDEL);
    viewOf(request).setUint32(LOCATION_AT, location, true);
    this.#call(`removing flow rule ${location} of`, request);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** The last free place: rules with a place of their own choice usually stand at the front. `ethtool -N` does the same. */
  #freeLocation(): number {
    const { locations, size, special } = this.#locations();
    if (special) return RX_CLS_LOC_ANY;
    const taken = new Set(locations);
    for (let location = size - 1; location >= 0; location--) if (!taken.has(location)) return location;
    throw new SystemError('ioctl', Errno.ENOSPC, `all ${size} flow rules of ${this.#link.name} are taken`);
  }

  #locations(): { locations: number[]; size: number; special: boolean } {
    const count = this.#request(ETHTOOL_GRXCLSRLCNT);
    this.#call('counting the flow rules of', count);
    const special = (viewOf(count).getUint32(DATA_AT, true) & RX_CLS_LOC_SPECIAL) !== 0;
    const most = viewOf(count).getUint32(COUNT_AT, true);
    const list = this.#request(ETHTOOL_GRXCLSRLALL, RXNFC_LENGTH + most * 4);
    const view = viewOf(list);
    view.setUint32(COUNT_AT, most, true);
    this.#call('listing the flow rules of', list);
    const found = Math.min(most, view.getUint32(COUNT_AT, true));
    return {
      locations: Array.from({ length: found }, (_, i) => view.getUint32(LOCATIONS_AT + i * 4, true)),
      size: view.getUint32(DATA_AT, true),
      special,
    };
  }

  #request(command: number, length: number = RXNFC_LENGTH): Uint8Array {
    const request = new Uint8Array(length);
    viewOf(request).setUint32(0, command, true);
    return request;
  }

  #call(what: string, request: Uint8Array): void {
    const { name } = this.#link;
    const errno = -ethtoolIoctl(this.#socket.fd, name, request);
    if (errno <= 0) return;
    const failure = new SystemError('ioctl', errno, `${what} ${name}`);
    if (errno === Errno.EPERM) throw refusedError(`${what} ${name}`, ['CAP_NET_ADMIN'], failure);
    unlessUnsupported(this.#link, 'flow steering rules', () => {
      throw failure;
    });
  }
}
