/** The project's tests on other kernels and other NICs: `npm run test:vm -- --help`. */
import { fileURLToPath } from 'node:url';
import { removeStaleLabs } from '../../dist/netdev/index.js';
import { type Settings, settingsOf, USAGE, UsageError } from './arguments.js';
import { missingFromCache } from './cache.js';
import { type GuestResult, runGuest } from './run-guest.js';
import { hasFailed, summaryOf } from './summary.js';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
// What an interrupted run still waits for is no matter any more.
process.exit(await main());

async function main(): Promise<number> {
  let settings: Settings | undefined;
  try {
    settings = settingsOf(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return complain(2, `${error.message}\nnpm run test:vm -- --help tells more`);
  }
  if (settings === undefined) {
    console.log(USAGE);
    return 0;
  }
  const missing = missingFromCache(settings.kernels);
  if (missing.length > 0) return complain(4, `${missing.join(', ')}: not here yet. npm run test:vm:tools fetches it`);
  if (process.getuid?.() !== 0) return complain(3, 'taps and namespaces need root');
  if (settings.shell && !process.stdin.isTTY) return complain(2, '--shell needs a terminal');

  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // With a shell Ctrl-C is the guest's.
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  removeStaleLabs();
  return await runAll(settings, stop.signal);
}

async function runAll(settings: Settings, signal: AbortSignal): Promise<number> {
  const results: GuestResult[] = [];
  try {
    for (const kernel of settings.kernels) {
      for (const nic of settings.nics) {
        const tell = (line: string) => console.log(`${kernel.padEnd(4)} ${nic.padEnd(6)}  ${line}`);
        const result = await runGuest(kernel, nic, settings, tell, signal);
        results.push(result);
        if (hasFailed(result) && !settings.keepGoing) return end(results);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error((error as Error).message);
    end(results);
    return 130;
  }
  return end(results);
}

function end(results: readonly GuestResult[]): number {
  for (const line of summaryOf(results)) console.log(line);
  return results.some(hasFailed) ? 1 : 0;
}

function complain(code: number, text: string): number {
  console.error(text);
  return code;
}
