import { setImmediate } from 'node:timers/promises';
import { calls, Errno, OwnedFd, SystemError } from '../sys/index.js';
import { Poller } from '../xsk/index.js';

const AF_INET = 2;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_ICMP = 1;
const MSG_DONTWAIT = 0x40;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
/** Milliseconds to wait for an answer. */
const PATIENCE = 1000;

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Microseconds. */
  readonly median: number;
  readonly p99: number;
}

/**
 * Sends ICMP echo requests (RFC 792) one after the other with a raw socket, and waits for each answer. Blocks its
 * thread for up to a second at a time; run it by `runInNamespace`. Needs CAP_NET_RAW.
 *
 * @param target IPv4 address
 */
export async function ping(target: string, count: number): Promise<PingResult> {
  using socket = new OwnedFd(calls.socket(AF_INET, SOCK_RAW_CLOEXEC, IPPROTO_ICMP), 'ping socket');
  // struct sockaddr_in {u16 family; u16 port; u8 address[4]; u8 zero[8];}
  const to = new Uint8Array(16);
  to[0] = AF_INET;
  to.set(target.split('.').map(Number), 4);
  const id = process.pid & 0xffff;
  const times: number[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const start = performance.now();
    const sent = calls.sendto(socket.fd, echoRequest(id, sequence), 0, to);
    if (sent < 0) throw new SystemError('sendto', -sent, `ping to ${target}`);
    if (answered(socket.fd, id, sequence, start)) times.push((performance.now() - start) * 1000);
    // The thread may have been asked to end.
    await setImmediate();
  }
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  return { sent: count, received: times.length, median: at(0.5), p99: at(0.99) };
}

function answered(fd: number, id: number, sequence: number, start: number): boolean {
  const reply = new Uint8Array(1500);
  const poller = new Poller([fd]);
  for (;;) {
    const left = PATIENCE - (performance.now() - start);
    if (left <= 0) return false;
    poller.wait(Math.min(Math.ceil(left), 999));
    const length = calls.recvfrom(fd, reply, MSG_DONTWAIT);
    if (length === -Errno.EAGAIN) continue;
    if (length < 0) throw new SystemError('recvfrom', -length);
    const icmp = (reply[0]! & 15) * 4;
    const field = (offset: number) => (reply[icmp + offset]! << 8) | reply[icmp + offset + 1]!;
    if (reply[icmp] === ECHO_REPLY && field(4) === id && field(6) === sequence) return true;
  }
}

function echoRequest(id: number, sequence: number): Uint8Array {
  const packet = new Uint8Array(64);
  const view = new DataView(packet.buffer);
  view.setUint8(0, ECHO_REQUEST);
  view.setUint16(4, id);
  view.setUint16(6, sequence & 0xffff);
  for (let i = 8; i < packet.length; i++) packet[i] = i;
  let sum = 0;
  for (let i = 0; i < packet.length; i += 2) sum += view.getUint16(i);
  // RFC 1071. 32 words can't carry more than once.
  view.setUint16(2, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  return packet;
}
