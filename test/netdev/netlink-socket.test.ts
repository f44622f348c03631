import { afterEach, expect, test } from 'vitest';
import { linkHeader } from '../../dist/netdev/link-message.js';
import { decodeMessages, encodeMessage } from '../../dist/netdev/netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket } from '../../dist/netdev/netlink-socket.js';
import { type Backend, currentBackend, Errno, useBackend, XdpError } from '../../dist/sys/index.js';
import { failOnLeaks } from './oracle.js';

const RTM_GETLINK = 18;
const MSG_PEEK = 2;

failOnLeaks();
afterEach(() => useBackend(undefined));

/** The real kernel, but the calls named fail first with the error numbers given. */
function interrupted(failures: Partial<Record<'sendto' | 'recvfrom' | 'setsockopt', number[]>>): void {
  useBackend(undefined);
  const real = currentBackend();
  let errno: number | undefined;
  const wrap =
    <A extends unknown[]>(name: keyof typeof failures, call: (...args: A) => number) =>
    (...args: A) => {
      errno = failures[name]?.shift();
      return errno === undefined ? call(...args) : -1;
    };
  useBackend({
    ...real,
    errno: () => errno ?? real.errno(),
    sendto: wrap('sendto', real.sendto),
    recvfrom: wrap('recvfrom', real.recvfrom),
    setsockopt: wrap('setsockopt', real.setsockopt),
  });
}

/** The real kernel, its datagrams changed on the way. */
function rewritten(change: (datagram: Uint8Array<ArrayBuffer>) => Uint8Array): void {
  useBackend(undefined);
  const real = currentBackend();
  let waiting: Uint8Array | undefined;
  const recvfrom: Backend['recvfrom'] = (fd, data, length, flags) => {
    if (waiting === undefined) {
      const buffer = new Uint8Array(1 << 18);
      waiting = change(buffer.slice(0, real.recvfrom(fd, buffer, buffer.length, 0)));
    }
    const datagram = waiting;
    (data as Uint8Array).set(datagram.subarray(0, length));
    if ((flags & MSG_PEEK) === 0) waiting = undefined;
    return datagram.length;
  };
  useBackend({ ...real, recvfrom });
}

function dumpLinks(): number {
  using socket = new NetlinkSocket(NETLINK_ROUTE);
  return socket.dump('listing links', RTM_GETLINK, linkHeader(0)).length;
}

const loopback = () => {
  using socket = new NetlinkSocket(NETLINK_ROUTE);
  return socket.request('asking for loopback', RTM_GETLINK, linkHeader(1));
};

test('a signal interrupts nothing', () => {
  const expected = dumpLinks();
  interrupted({ sendto: [Errno.EINTR], recvfrom: [Errno.EINTR, Errno.EINTR] });
  expect(dumpLinks()).toBe(expected);
});

test('a dump that lost a part is asked for again', () => {
  const expected = dumpLinks();
  interrupted({ recvfrom: [Errno.ENOBUFS] });
  expect(dumpLinks()).toBe(expected);
});

test('a dump that a change interrupted is asked for again, but not for ever', () => {
  const expected = dumpLinks();
  let datagrams = 0;
  const mark = (until: number) => (datagram: Uint8Array<ArrayBuffer>) => {
    if (datagrams++ < until) datagram[6]! |= 0x10;
    return datagram;
  };
  rewritten(mark(1));
  expect(dumpLinks()).toBe(expected);
  expect(datagrams).toBeGreaterThan(2);
  rewritten(mark(Number.POSITIVE_INFINITY));
  expect(dumpLinks()).toBe(expected);
});

test('a request whose answer was lost fails', () => {
  interrupted({ recvfrom: [Errno.ENOBUFS] });
  expect(loopback).toThrow(expect.objectContaining({ code: 'XDP_ERR_NETLINK', errnoName: 'ENOBUFS' }));
});

test('other failures are told', () => {
  interrupted({ recvfrom: [Errno.EAGAIN] });
  expect(loopback).toThrow(expect.objectContaining({ code: 'XDP_ERR_SYSTEM', errnoName: 'EAGAIN' }));
  interrupted({ sendto: [Errno.ENOMEM] });
  expect(loopback).toThrow(expect.objectContaining({ call: 'sendto' }));
  // The leak check behind every test sees the socket closed.
  interrupted({ setsockopt: [Errno.ENOPROTOOPT] });
  expect(loopback).toThrow(XdpError);
});

test('answers larger than the buffer arrive whole', () => {
  // Padded with messages of another sequence number, which are not ours.
  const padding = encodeMessage({ type: 16, flags: 0, sequence: 0xffffffff, port: 0, payload: new Uint8Array(60_000) });
  rewritten((datagram) => Buffer.concat([padding, datagram]));
  expect(loopback()).toHaveLength(1);
});

test('malformed answers are errors, not hangs', () => {
  rewritten((datagram) => datagram.subarray(0, datagram.length - 2));
  expect(loopback).toThrow(expect.objectContaining({ code: 'XDP_ERR_NETLINK' }));
  expect(decodeMessages(new Uint8Array(0))).toEqual([]);
});

test('a closed socket says so', () => {
  const socket = new NetlinkSocket(NETLINK_ROUTE);
  socket.close();
  socket.close();
  expect(() => socket.request('asking', RTM_GETLINK, linkHeader(1))).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_CLOSED' }),
  );
});
