import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import type { InstalledRules, RuleStatistics } from '../policy/index.js';
import { duration } from './arguments.js';
import { openInstalled, type PlaceFlags } from './installed-rules.js';
import { netnsOption } from './interface-options.js';
import { LiveRegion } from './live-region.js';
import { printJson } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags extends PlaceFlags {
  readonly watch?: true;
  readonly interval: number;
}

export function rulesStatsCommand(): Command {
  return new Command('stats')
    .summary('show what each rule has counted')
    .description('Show what each rule has counted: the packets that it matched, and those of them over its limit.')
    .argument('<if>', 'an interface')
    .option('-w, --watch', 'again and again, with rates, until Ctrl-C')
    .addOption(new Option('-i, --interval <time>', 'time between two looks').argParser(duration).default(1000, '1s'))
    .addOption(netnsOption())
    .option('--json', 'print JSON: one line, with --watch a stream of lines')
    .action(async (name: string, flags: Flags) => {
      using installed = await openInstalled(name, flags);
      if (flags.watch) process.exitCode = await withStopSignals((signal) => watch(installed, flags, signal));
      else if (flags.json) printStatistics(installed.interface, installed.statistics());
      else for (const line of table(installed.statistics())) process.stdout.write(`${line}\n`);
    });
}

function printStatistics(name: string, rules: readonly RuleStatistics[]): void {
  printJson('statistics', { interface: name, rules });
}

async function watch(installed: InstalledRules, { interval, json }: Flags, signal: AbortSignal): Promise<number> {
  const live = !json && process.stdout.isTTY ? new LiveRegion(process.stdout) : undefined;
  let before: Sample | undefined;
  try {
    while (!signal.aborted) {
      const now: Sample = { at: performance.now(), rules: installed.statistics() };
      const lines = json ? [] : table(now.rules, before && ratesOf(now, before));
      if (json) printStatistics(installed.interface, now.rules);
      else if (live) live.draw([`xdpkit rules stats ${installed.interface}   Ctrl-C ends it`, '', ...lines]);
      else for (const line of lines) process.stdout.write(`${line}\n`);
      before = now;
      await sleep(interval, undefined, { signal }).catch(() => {});
    }
  } finally {
    live?.end();
  }
  return exitCodeOf(signal);
}

interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly rules: readonly RuleStatistics[];
}

/** Packets and bits a second, by rule. */
type Rates = readonly (readonly [packets: number, bits: number])[];

function ratesOf(now: Sample, before: Sample): Rates {
  const seconds = (now.at - before.at) / 1000;
  return now.rules.map(({ name, packets, bytes }, i) => {
    // Rules may have been replaced meanwhile, and counts of a rule without a name begun anew.
    const last = before.rules.find((rule, j) => (name === undefined ? j === i : rule.name === name));
    const rate = (count: number, then: number | undefined) => Math.max(0, Math.round((count - (then ?? 0)) / seconds));
    return [rate(packets, last?.packets), 8 * rate(bytes, last?.bytes)];
  });
}

const NUMBER = new Intl.NumberFormat('en-US');

function table(rules: readonly RuleStatistics[], rates?: Rates): string[] {
  const titles = ['rule', 'name', 'packets', 'bytes', 'over', ...(rates ? ['packets/s', 'bit/s'] : [])];
  const rows = rules.map(({ rule, name = '', packets, bytes, over }, i) => [
    String(rule),
    name,
    ...[packets, bytes, over.packets, ...(rates?.[i] ?? [])].map((count) => NUMBER.format(count)),
  ]);
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (titles[i] === 'name' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [styleText('bold', line(titles)), ...rows.map(line)];
}
