import { Command } from 'commander';
import { ConsoleClient } from '../console/index.js';
import { findRun, listRuns, type Run } from '../daemon/index.js';
import { whole } from './bridge-table.js';
import { printJson } from './output.js';

/** Milliseconds that a process has to say what it has counted. */
const PATIENCE = 2000;

/** What a run has counted, in packets. */
interface Packets {
  readonly rx: number;
  readonly tx: number;
}

export function statusCommand(): Command {
  return new Command('status')
    .summary('list what runs')
    .description('List the bridges and mirrors of xdpkit that run on this machine, as far as you may see them.')
    .argument('[name|pid]', 'only this one')
    .option('--json', 'print a JSON line: runs')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, { json }: { readonly json?: true }) => {
      const runs = target === undefined ? listRuns() : [findRun(target)];
      const packets = await Promise.all(runs.map(packetsOf));
      if (json) printJson('status', { runs: runs.map((run, i) => describe(run, packets[i])) });
      else if (runs.length === 0) process.stdout.write('nothing runs\n');
      else for (const line of table(runs, packets)) process.stdout.write(`${line}\n`);
    });
}

const EXAMPLES = `
Examples:
  xdpkit status                 all of them
  xdpkit status edge            one; the exit code says whether it runs

Exit codes: 0 success, 1 the named one does not run.`;

function describe(run: Run, packets: Packets | undefined): object {
  const { name, pid, command, interfaces, since, background, console, log, pidFile } = run;
  return { name, pid, command, interfaces, since, background, packets: packets ?? null, console, log, pidFile };
}

/** @returns undefined when it has no console, or doesn't answer */
async function packetsOf({ name, pid, console }: Run): Promise<Packets | undefined> {
  if (console === null) return undefined;
  let client: ConsoleClient | undefined;
  const timer = setTimeout(() => client?.close(), PATIENCE);
  try {
    client = await ConsoleClient.connect({ name, pid, path: console }, PATIENCE);
    let links: readonly Packets[] = [];
    await client.run('if.stats', true, (answer) => {
      if (answer.type === 'report') links = (answer.data as { interfaces: Packets[] }).interfaces;
    });
    const sum = (field: keyof Packets) => links.reduce((total, link) => total + link[field], 0);
    return { rx: sum('rx'), tx: sum('tx') };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    client?.close();
  }
}

function table(runs: readonly Run[], packets: readonly (Packets | undefined)[]): string[] {
  const titles = ['NAME', 'PID', 'COMMAND', 'INTERFACES', 'SINCE', 'PACKETS IN', 'OUT', 'CONSOLE'];
  const rows = runs.map((run, i) => {
    const counts = packets[i];
    return [
      run.name,
      String(run.pid),
      `${run.command}${run.background ? ' --daemon' : ''}`,
      run.interfaces.join(' '),
      new Date(run.since).toLocaleString('sv-SE'),
      counts === undefined ? '-' : whole(counts.rx),
      counts === undefined ? '-' : whole(counts.tx),
      run.console ?? '-',
    ];
  });
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const isNumber = (i: number) => i === 1 || i === 5 || i === 6;
  return [titles, ...rows].map((cells) =>
    cells
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
