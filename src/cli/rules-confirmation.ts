import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstalledRules } from '../policy/index.js';
import { XdpError } from '../sys/index.js';
import { printNote } from './output.js';
import { exitCodeOf } from './stop-signals.js';

/** Milliseconds between two looks whether somebody else has confirmed. */
const LOOK = 100;

interface Waiting {
  readonly signal: AbortSignal;
}

/**
 * Waits until somebody confirms a change, by Enter or from another session, and rolls it back otherwise. A signal rolls it
 * back, too, and sets the exit code.
 *
 * @param confirm milliseconds; none: there is nothing to wait for
 * @returns whether the change lasts
 * @throws XDP_ERR_NOT_CONFIRMED
 */
export async function waitForConfirmation(
  installed: InstalledRules,
  { confirm, json }: { readonly confirm?: number; readonly json?: true },
  signal: AbortSignal,
): Promise<boolean> {
  if (confirm === undefined) return true;
  if (!json) printNote(`the change is rolled back in ${confirm / 1000} s, unless it is confirmed: ${ways(installed)}`);
  const ended = new AbortController();
  const waiting = { signal: ended.signal };
  try {
    const answer = await Promise.race([
      sleep(confirm, 'late', waiting),
      signal.aborted ? 'stopped' : once(signal, 'abort', waiting).then(() => 'stopped'),
      endedElsewhere(installed, waiting),
      enter(waiting),
    ]);
    if (answer === 'enter') await installed.confirm();
    else if (answer !== 'elsewhere') await installed.rollBack();
    // Somebody else may have been quicker.
    if (installed.outcome === 'confirmed') return true;
    if (answer !== 'stopped') {
      throw new XdpError('XDP_ERR_NOT_CONFIRMED', `nobody confirmed the rules on ${installed.interface}: rolled back`);
    }
    if (!json) printNote('rolled back');
    process.exitCode = exitCodeOf(signal) || 1;
    return false;
  } finally {
    ended.abort();
    process.stdin.pause();
  }
}

function ways({ interface: name, netns }: InstalledRules): string {
  const command = `xdpkit rules confirm ${name}${netns === undefined ? '' : ` --netns ${netns}`}`;
  return process.stdin.isTTY ? `press Enter, or run ${command} in another session` : `run ${command}`;
}

async function endedElsewhere(installed: InstalledRules, waiting: Waiting): Promise<string> {
  while (installed.outcome === 'pending') await sleep(LOOK, undefined, waiting);
  return 'elsewhere';
}

async function enter(waiting: Waiting): Promise<string> {
  // Only a person confirms: what is no terminal may be at its end from the start.
  if (process.stdin.isTTY) await once(process.stdin.setEncoding('utf8').resume(), 'data', waiting);
  else await once(new EventTarget(), 'never', waiting);
  return 'enter';
}
