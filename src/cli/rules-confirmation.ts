import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstalledRules } from '../policy/index.js';
import { XdpError } from '../sys/index.js';
import { printNote } from './output.js';
import { exitCodeOf } from './stop-signals.js';

/** Milliseconds between two looks whether somebody else has confirmed. */
const LOOK = 100;

/**
 * Waits until somebody confirms a change, by Enter or from another session, and rolls it back otherwise. A signal rolls it
 * back, too, and sets the exit code.
 *
 * @param confirm milliseconds; none: there is nothing to wait for
 * @throws XDP_ERR_NOT_CONFIRMED
 */
export async function confirmWithin(
  installed: InstalledRules,
  { confirm, json }: { readonly confirm?: number; readonly json?: true },
  signal: AbortSignal,
): Promise<void> {
  if (confirm === undefined) return;
  if (!json) printNote(`${prompt()} within ${confirm / 1000} s, or the change is rolled back`);
  const ended = new AbortController();
  const waiting = { signal: ended.signal };
  try {
    const answer = await Promise.race([
      sleep(confirm, 'late', waiting),
      signal.aborted ? 'stopped' : once(signal, 'abort', waiting).then(() => 'stopped'),
      confirmedElsewhere(installed, waiting),
      enter(waiting),
    ]);
    if (answer === 'enter') await installed.confirm();
    if (answer === 'enter' || answer === 'elsewhere') return;
    // It may have been confirmed in the last moment.
    if (!(await installed.rollBack())) return;
    if (answer === 'late') {
      throw new XdpError('XDP_ERR_NOT_CONFIRMED', `nobody confirmed the rules on ${installed.interface}: rolled back`);
    }
    if (!json) printNote('rolled back');
    process.exitCode = exitCodeOf(signal) || 1;
  } finally {
    ended.abort();
    process.stdin.pause();
  }
}

const prompt = () => (process.stdin.isTTY ? 'Enter confirms' : 'xdpkit rules confirm confirms');

async function confirmedElsewhere(
  installed: InstalledRules,
  waiting: { readonly signal: AbortSignal },
): Promise<string> {
  while (installed.trial !== undefined) await sleep(LOOK, undefined, waiting);
  return 'elsewhere';
}

async function enter(waiting: { readonly signal: AbortSignal }): Promise<string> {
  // Only a person confirms: what is no terminal may be at its end from the start.
  if (process.stdin.isTTY) await once(process.stdin.setEncoding('utf8').resume(), 'data', waiting);
  else await once(new EventTarget(), 'never', waiting);
  return 'enter';
}
