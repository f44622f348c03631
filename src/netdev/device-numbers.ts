import { Errno, isErrno, XdpError } from '../sys/index.js';
import { EthtoolSocket } from './ethtool-socket.js';
import type { Link } from './link-message.js';
import { getLink } from './links.js';
import type { Attributes } from './netlink-attributes.js';
import type { NetnsOptions } from './netlink-socket.js';
import type { NumberGroup, Numbers, NumbersWithMaximum } from './number-groups.js';

/** @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when the driver has none of these settings */
export function readNumbers<Name extends string>(
  group: NumberGroup<Name>,
  nameOrIndex: string | number,
  options: NetnsOptions,
): NumbersWithMaximum<Name> {
  const link = getLink(nameOrIndex, options);
  using socket = new EthtoolSocket(options);
  const [answer] = unlessUnsupported(link, group.what, () =>
    socket.request(`reading ${group.what} of ${link.name}`, group.getCommand, link.index),
  );
  return { current: pick(answer, group.current), maximum: pick(answer, group.maximum) };
}

/** @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM, XDP_ERR_NETLINK when the driver refuses a value */
export function writeNumbers<Name extends string>(
  group: NumberGroup<Name>,
  nameOrIndex: string | number,
  values: Numbers<Name>,
  options: NetnsOptions,
): void {
  const link = getLink(nameOrIndex, options);
  using socket = new EthtoolSocket(options);
  unlessUnsupported(link, group.what, () =>
    socket.request(`setting ${group.what} of ${link.name}`, group.setCommand, link.index, (payload) => {
      for (const [name, type] of entriesOf(group.current)) {
        const value = values[name];
        if (value !== undefined) payload.u32(type, value);
      }
    }),
  );
}

/** Runs a request, and has EOPNOTSUPP say who can't do what. */
export function unlessUnsupported<T>({ name, driver }: Link, what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!isErrno(cause, Errno.EOPNOTSUPP)) throw cause;
    const who = driver === undefined ? name : `the driver of ${name} (${driver})`;
    throw new XdpError('XDP_ERR_PLATFORM', `${who} has no ${what}`, { cause });
  }
}

function pick<Name extends string>(
  answer: Attributes | undefined,
  types: Readonly<Partial<Record<Name, number>>>,
): Numbers<Name> {
  const values: Partial<Record<Name, number>> = {};
  for (const [name, type] of entriesOf(types)) {
    const value = answer?.u32(type);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function entriesOf<Name extends string>(types: Readonly<Partial<Record<Name, number>>>): [Name, number][] {
  return Object.entries(types) as [Name, number][];
}
