import { readdirSync } from 'node:fs';
import { Errno, isErrno, NETNS_DIRECTORY, openNamespace, XdpError } from '../sys/index.js';
import { listNamespaces, namespaceIdentity } from './namespaces.js';
import { Attributes, PayloadWriter } from './netlink-attributes.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** `struct rtgenmsg` is one byte, padded. */
const RTGENMSG = new Uint8Array(4);

/**
 * Finds the namespace behind a number the kernel gives for it (IFLA_LINK_NETNSID, `link-netnsid` in `ip link`). Such a
 * number means something only inside the namespace of whoever reads it.
 *
 * @param options namespace that the number was read in
 * @returns a path: of a named namespace (/run/netns/NAME) if possible, else of the process in it with the lowest number
 *   (/proc/PID/ns/net); `undefined` if neither is to be seen from here, or may be opened
 */
export function findNamespace(netnsId: number, options: NetnsOptions = {}): string | undefined {
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  return [...candidates()].find((path) => readNamespaceId(socket, path) === netnsId);
}

/** One path of each namespace. */
function* candidates(): Generator<string> {
  const seen = new Set<string>();
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const processes = pids.map(Number).sort((a, b) => a - b);
  for (const path of [
    ...listNamespaces().map((name) => `${NETNS_DIRECTORY}/${name}`),
    ...processes.map((pid) => `/proc/${pid}/ns/net`),
  ]) {
    const identity = identityOf(path);
    if (identity === undefined || seen.has(identity)) continue;
    seen.add(identity);
    yield path;
  }
}

/** `undefined` for a process that has ended, or that may not be looked at. */
function identityOf(path: string): string | undefined {
  try {
    return namespaceIdentity(path);
  } catch {
    return undefined;
  }
}

/** The number that the socket's namespace has for the one at `path`; -1 if it has none. */
function readNamespaceId(socket: NetlinkSocket, path: string): number | undefined {
  try {
    using namespace = openNamespace(path);
    const payload = new PayloadWriter(RTGENMSG).u32(NETNSA_FD, namespace.fd).finish();
    const [answer] = socket.request('asking for the number of a namespace', RTM_GETNSID, payload);
    return answer && Attributes.decode(answer.payload, RTGENMSG.length).i32(NETNSA_NSID);
  } catch (error) {
    // It ended meanwhile, it is somebody else's, or the file is not a namespace: one candidate less.
    if (error instanceof XdpError && error.code === 'XDP_ERR_NO_NAMESPACE') return undefined;
    if (isErrno(error, Errno.EACCES, Errno.EPERM, Errno.EINVAL, Errno.ENOENT)) return undefined;
    throw error;
  }
}
