import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { patient } from '../patience.js';

const NOBODY = '65534';

/**
 * Runs a script as an unprivileged user with these ambient capabilities (as setpriv names them) and 8 MiB of locked
 * memory. @returns what it prints, parsed
 */
export function runUnprivileged<T>(capabilities: readonly string[], script: URL, ...args: string[]): T {
  const sets = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const user = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--no-new-privs'];
  const node = [process.execPath, fileURLToPath(script), ...args];
  const command = ['setpriv', ...user, `--inh-caps=${sets}`, `--ambient-caps=${sets}`, ...node];
  const limited = ['--memlock=8388608:8388608', ...command];
  return JSON.parse(execFileSync('prlimit', limited, { encoding: 'utf8', timeout: patient(20_000) })) as T;
}
