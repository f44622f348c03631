import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { patient } from '../patience.js';
import { PATIENCE } from './amounts.js';
import { Running, run, succeed } from './running.js';

/** Pings that all have to be answered, as fast as `interval` (seconds) lets them. */
export async function pingAll(
  netns: string,
  target: string,
  count: number,
  { interval = 0.01, options = [] }: { interval?: number; options?: readonly string[] } = {},
): Promise<void> {
  // A host that a dead bridge kept from finding its neighbour goes on without it for some seconds (arp(7), mcast_solicit).
  await succeed(['ip', 'neigh', 'flush', 'all'], { netns });
  const command = ['ping', '-q', '-c', `${count}`, '-i', `${interval}`, '-W', '2', ...options, target];
  const before = await answersIn(netns, target);
  const { stdout, stderr } = await run(command, { netns }, PATIENCE);
  const found = /(\d+) packets transmitted, (\d+) received(.*duplicates)?/.exec(stdout);
  if (Number(found?.[1]) === count && Number(found?.[2]) < count && !/duplicates|errors/.test(stdout)) {
    // ping waits for the last answers only twice as long as the slowest has taken so far (schedule_exit() of iputils):
    // where everything stands still for a moment they come later, and the kernel counts them.
    await expect.poll(async () => (await answersIn(netns, target)) - before, { message: stdout }).toBe(count);
    return;
  }
  expect({ sent: Number(found?.[1]), received: Number(found?.[2]), duplicates: found?.[3] }, stdout + stderr).toEqual({
    sent: count,
    received: count,
    duplicates: undefined,
  });
}

/** Echo replies that the kernel has taken in, of the target's IP version. */
async function answersIn(netns: string, target: string): Promise<number> {
  if (target.includes(':')) {
    const text = await succeed(['cat', '/proc/net/snmp6'], { netns });
    return Number(/^Icmp6InEchoReplies\s+(\d+)$/m.exec(text)![1]);
  }
  const [names, values] = (await succeed(['grep', '^Icmp:', '/proc/net/snmp'], { netns })).split('\n');
  return Number(values!.split(' ')[names!.split(' ').indexOf('InEchoReps')]);
}

/** A ping that goes on until the result is disposed of. */
export function pingOn(netns: string, target: string): Running {
  return new Running(['ping', '-q', '-f', '-W', '1', target], { netns });
}

interface Target {
  readonly netns: string;
  readonly address: string;
}

/** The end of what `iperf3 --json` prints. */
interface IperfEnd {
  readonly sum_received: { readonly bits_per_second: number };
  readonly sum: { readonly lost_packets: number; readonly packets: number };
}

/** Lets iperf3 send from one namespace to another. */
async function iperf(from: string, to: Target, ...options: readonly string[]): Promise<IperfEnd> {
  await using server = new Running(['iperf3', '-s', '-1', '--forceflush'], { netns: to.netns });
  await server.says(/Server listening/);
  const result = await succeed(['iperf3', '-c', to.address, '--json', ...options], { netns: from }, PATIENCE);
  await server.end(10_000);
  return (JSON.parse(result) as { end: IperfEnd }).end;
}

/** @returns what arrived, in bits a second */
export async function iperfTcp(from: string, to: Target, ...options: readonly string[]): Promise<number> {
  return (await iperf(from, to, ...options)).sum_received.bits_per_second;
}

/** @returns datagrams, and how many of them were lost on the way (and not by a receiver that was too slow) */
export async function iperfUdp(
  from: string,
  to: Target,
  ...options: readonly string[]
): Promise<{ packets: number; lost: number }> {
  const buffer = Math.min(
    2 << 20,
    ...['rmem_max', 'wmem_max'].map((name) => Number(readFileSync(`/proc/sys/net/core/${name}`, 'ascii'))),
  );
  const before = await overflows(to.netns);
  const { sum } = await iperf(from, to, '-u', '-w', `${buffer}`, ...options);
  return { packets: sum.packets, lost: sum.lost_packets - ((await overflows(to.netns)) - before) };
}

/** Datagrams that a namespace's sockets had no room for: `RcvbufErrors` of UDP. */
async function overflows(netns: string): Promise<number> {
  const [names = [], values = []] = (await succeed(['cat', '/proc/net/snmp'], { netns }))
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('RcvbufErrors')]);
}

const STREAM = fileURLToPath(new URL('./stream.mjs', import.meta.url));

/** Copies random bytes over TCP. @returns SHA-256 as the sender and as the receiver have it */
export async function copyOverTcp(
  from: string,
  to: Target,
  bytes: number,
): Promise<{ sent: string; received: string }> {
  await using receiver = new Running([process.execPath, STREAM, 'receive', '7000'], { netns: to.netns });
  await receiver.says(/listening/);
  const send = [process.execPath, STREAM, 'send', to.address, '7000', `${bytes}`];
  const sent = await succeed(send, { netns: from }, PATIENCE);
  const { stdout } = await receiver.end(10_000);
  return { sent: sent.trim(), received: stdout.replace('listening\n', '').trim() };
}

/** Waits for something that comes in its own time. */
export async function untilTrue(what: string, condition: () => boolean, milliseconds = 5_000): Promise<void> {
  const end = performance.now() + patient(milliseconds);
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(10);
  }
}
