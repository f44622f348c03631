import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Expression, matchesExpression, parseExpression } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { TapReader } from '../tap/index.js';
import { printNote } from './output.js';
import type { PacketSink } from './packet-sinks.js';

/** What a collector has taken out of a tap. */
export interface Collected {
  /** That matched, and went to the sink; and captured bytes of them. */
  readonly packets: number;
  readonly bytes: number;
  /** That did not match. */
  readonly filtered: number;
}

export interface CollectOptions {
  readonly expression?: Expression | undefined;
  /** Packets to end after. */
  readonly count?: number | undefined;
  /** Milliseconds to end after. */
  readonly duration?: number | undefined;
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks at an empty tap: short while packets come, long when none came for a while. */
const SHORT = 1;
const LONG = 20;
/** Between two looks for a tap that is not there yet, and between two words about it. */
const WAIT = 100;
const WORD = 10_000;

/** Takes packets until the tap is over, or what was asked for is reached. A block is released when the sink has it. */
export async function collectPackets(tap: TapReader, sink: PacketSink, options: CollectOptions): Promise<Collected> {
  const { expression, count = Number.POSITIVE_INFINITY, duration = Number.POSITIVE_INFINITY, signal } = options;
  const { record } = tap;
  const end = performance.now() + duration;
  let [packets, bytes, filtered] = [0, 0, 0];
  let isWanted = true;
  let pause = SHORT;
  const goesOn = () => isWanted && packets < count && !signal.aborted && performance.now() < end;
  while (goesOn()) {
    while (goesOn() && tap.claim()) {
      pause = SHORT;
      while (packets < count && tap.next()) {
        if (expression !== undefined && !matchesExpression(expression, record.bytes, record.offset, record.length)) {
          filtered++;
          continue;
        }
        sink.packet(record);
        packets++;
        bytes += record.length;
      }
      isWanted = await sink.flush();
      tap.release();
      // Signals want to be heard.
      await setImmediate();
    }
    if (!goesOn() || tap.isOver) break;
    await setTimeout(pause);
    pause = Math.min(pause * 2, LONG);
  }
  return { packets, bytes, filtered };
}

/**
 * Opens a tap; with `wait` as soon as there is one.
 *
 * @returns undefined when the signal came first
 */
export async function openTap(name: string, wait: boolean, signal: AbortSignal): Promise<TapReader | undefined> {
  const begun = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      return TapReader.open(name);
    } catch (error) {
      if (!wait || !(error instanceof XdpError && error.code === 'XDP_ERR_NO_TAP')) throw error;
    }
    const now = performance.now();
    if (now - told >= WORD) {
      const since = Math.round((now - begun) / 1000);
      printNote(`waiting for the tap ${name}${since > 0 ? ` (${since} s)` : ''}`);
      told = now;
    }
    await setTimeout(WAIT);
  }
  return undefined;
}

/** The words of a tcpdump expression on the command line. @throws XDP_ERR_EXPRESSION */
export function expressionOf(words: readonly string[]): Expression | undefined {
  const text = words.join(' ');
  return text.trim() === '' ? undefined : parseExpression(text);
}
