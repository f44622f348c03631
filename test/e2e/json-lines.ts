import type { BridgeSample, BridgeSummary } from '../../dist/pipeline/index.js';

/** A line of `xdpkit … --json`. */
export type JsonLine = { readonly version: number; readonly type: string } & Record<string, unknown>;
export type SampleLine = JsonLine & BridgeSample;
export type SummaryLine = JsonLine & BridgeSummary & { readonly seconds: number };

/** All lines, each of which has to be JSON with a version and a type. */
export function jsonLines(text: string): JsonLine[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`the output ends in the middle of a line: ${text.slice(-200)}`);
  return lines.map((line) => {
    const value = JSON.parse(line) as JsonLine;
    if (value.version !== 1 || typeof value.type !== 'string') throw new Error(`no version or type: ${line}`);
    return value;
  });
}

export function samplesOf(text: string): SampleLine[] {
  // The last line may be under way.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return jsonLines(whole).filter(({ type }) => type === 'sample') as SampleLine[];
}

export function summaryOf(text: string): SummaryLine {
  const last = jsonLines(text).at(-1);
  if (last?.type !== 'summary') throw new Error(`no summary at the end: ${text.slice(-500)}`);
  return last as SummaryLine;
}
