import { styleText } from 'node:util';
import type { Latency, ReceiveCounts, SendCounts } from '../generator/index.js';
import { whole } from './bridge-table.js';

/** Frames and bits in a second. */
export interface TrafficRate {
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
}

interface Counts {
  readonly frames: number;
  readonly bytes: number;
}

/** The rate between two samples, or of all of one. */
export function rateOf(now: Counts, seconds: number, before: Counts = { frames: 0, bytes: 0 }): TrafficRate {
  if (seconds <= 0) return { framesPerSecond: 0, bitsPerSecond: 0 };
  return {
    framesPerSecond: (now.frames - before.frames) / seconds,
    bitsPerSecond: ((now.bytes - before.bytes) * 8) / seconds,
  };
}

/** `1,234,567 frame/s  790.1 Mbit/s`. */
export function rateText({ framesPerSecond, bitsPerSecond }: TrafficRate): string {
  return `${whole(framesPerSecond)} frame/s, ${megabits(bitsPerSecond)} Mbit/s`;
}

function megabits(bits: number): string {
  return (bits / 1e6).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Nanoseconds for people: `850 ns`, `12.3 µs`, `4.56 ms`. */
function time(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${Math.round(nanoseconds)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toFixed(1)} µs`;
  return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}

function latencyText({ min, p50, p90, p99, p999, max }: Latency): string {
  const parts = Object.entries({ min, p50, p90, p99, 'p99.9': p999, max });
  return parts.map(([name, value]) => `${name} ${time(value)}`).join('  ');
}

/** What was sent in all, in lines. */
export function sentLines(sent: SendCounts): string[] {
  const lines = [
    `sent ${whole(sent.frames)} frames in ${sent.seconds.toFixed(3)} s: ${rateText(rateOf(sent, sent.seconds))}`,
  ];
  if (sent.skipped > 0)
    lines.push(styleText('yellow', `${whole(sent.skipped)} frames left out: too long, or too short`));
  return lines;
}

/**
 * What was received in all, in lines.
 *
 * @param sent how many frames should have come, if that is known
 */
export function receivedLines(received: ReceiveCounts, sent?: number): string[] {
  const { frames, seconds, streams, latency, unmeasured, clockErrors } = received;
  const lines = [`received ${whole(frames)} frames in ${seconds.toFixed(3)} s: ${rateText(rateOf(received, seconds))}`];
  if (sent !== undefined) {
    const duplicates = streams.reduce((sum, stream) => sum + stream.duplicates, 0);
    const missing = sent - (frames - duplicates);
    const text = missing > 0 ? `${whole(missing)} of ${whole(sent)} frames lost` : 'no frame lost';
    lines.push(missing > 0 ? styleText('yellow', `${text} (${percent(missing / sent)})`) : text);
  }
  for (const { stream, frames: count, lost, reordered, duplicates } of streams) {
    const counts = `${whole(lost)} lost, ${whole(reordered)} reordered, ${whole(duplicates)} duplicates`;
    lines.push(`stream ${stream}: ${whole(count)} frames, ${counts}`);
  }
  if (unmeasured > 0) lines.push(`${whole(unmeasured)} frames without a measuring payload`);
  if (latency !== undefined) lines.push(`latency  ${latencyText(latency)}`);
  if (clockErrors > 0) {
    lines.push(
      styleText('yellow', `${whole(clockErrors)} frames came before they were sent: by another machine's clock`),
    );
  }
  if (received.dropped > 0)
    lines.push(`${whole(received.dropped)} frames dropped here: they came faster than they were taken`);
  return lines;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.01 ? 4 : 2)} %`;
}
