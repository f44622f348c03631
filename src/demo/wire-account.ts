import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Bridge } from '../pipeline/index.js';
import { withNamespace } from '../sys/index.js';

/** Frames that the hosts' interfaces and the bridge's ports have seen, as numbers that stand side by side. */
export interface WireAccount {
  /** What each host has sent, and what the port before it has received. */
  readonly sent: readonly number[];
  readonly taken: readonly number[];
  /** What each port has sent, and what the host behind it has received. */
  readonly given: readonly number[];
  readonly received: readonly number[];
}

/** Tries, each so many milliseconds long, to find a moment without a frame on its way. */
const TRIES = 20;
const PAUSE = 20;

/** Reads all counters at a moment at which nothing moves. @param hosts their namespaces, in the order of the ports */
export async function readWire(bridge: Bridge, hosts: readonly string[]): Promise<WireAccount> {
  let before = hosts.map(framesOf);
  for (let tries = 1; ; tries++) {
    await setTimeout(PAUSE);
    const totals = bridge.sample().ports.map(({ total }) => total);
    const after = hosts.map(framesOf);
    if (tries === TRIES || JSON.stringify(before) === JSON.stringify(after)) {
      return {
        sent: after.map(({ sent }) => sent),
        taken: totals.map(({ rxPackets }) => rxPackets),
        given: totals.map(({ txPackets }) => txPackets),
        received: after.map(({ received }) => received),
      };
    }
    before = after;
  }
}

/**
 * Whether, between two moments, the ports have taken in all that the hosts have sent, each has sent what the other has taken in,
 * and the hosts have got all of it.
 */
export function lostNothing(before: WireAccount, after: WireAccount): boolean {
  const grown = (name: keyof WireAccount) => after[name].map((frames, i) => frames - before[name][i]!);
  const [sent, taken, given, received] = [grown('sent'), grown('taken'), grown('given'), grown('received')];
  const crossed = taken.toReversed();
  return sent.every((frames, i) => frames === taken[i] && given[i] === crossed[i] && received[i] === given[i]);
}

/** Of a host's eth0, by the kernel's count (proc_net_dev(5)). */
function framesOf(host: string): { readonly sent: number; readonly received: number } {
  const table = withNamespace(host, () => readFileSync('/proc/thread-self/net/dev', 'utf8'));
  const fields = /^ *eth0:(.*)$/m.exec(table)?.[1]?.trim().split(/\s+/).map(Number);
  return { sent: fields?.[9] ?? Number.NaN, received: fields?.[1] ?? Number.NaN };
}
