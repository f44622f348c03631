import { type Command, Option } from 'commander';
import { InstalledRules, type RulesPlace } from '../policy/index.js';
import { netnsOption } from './interface-options.js';
import { printNote } from './output.js';

/** Flags of all commands that work on installed rules. */
export interface PlaceFlags extends RulesPlace {
  readonly json?: true;
}

export const PRIVILEGES = `
It needs CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN (root has them all). Exit codes: 0 done, 1 failure, 2 usage, 3 not
permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

export const withPlace = (command: Command): Command =>
  command.addOption(netnsOption()).option('--json', 'print one line of JSON');

export const modeOption = (): Option =>
  new Option('-m, --mode <mode>', 'where the rules run').choices(['native', 'generic', 'auto']).default('auto');

/** The rules on an interface, tidied up after a change that was not confirmed in time. @throws as {@link InstalledRules.open} */
export async function openInstalled(name: string, flags: PlaceFlags): Promise<InstalledRules> {
  const installed = InstalledRules.open(name, flags);
  try {
    await endOverdue(installed, flags);
    return installed;
  } catch (error) {
    installed.close();
    throw error;
  }
}

export async function endOverdue(installed: InstalledRules, { json }: PlaceFlags): Promise<void> {
  for (const notice of await installed.endOverdueTrial()) if (!json) printNote(notice);
}

/** For `--json`. */
export function describe(installed: InstalledRules): object {
  const { interface: name, mode, programId, linkId, installed: since, trial } = installed;
  const rules = installed.rules.rules.length;
  const unconfirmed = trial && { unconfirmed: trial.kind, until: trial.until };
  return { interface: name, mode, programId, linkId, rules, installed: since, ...unconfirmed };
}

/** For people. */
export function headline(installed: InstalledRules): string {
  const { interface: name, mode, programId, trial } = installed;
  const count = installed.rules.rules.length;
  const waits = trial ? `, rolled back at ${trial.until.toISOString()} unless confirmed` : '';
  const since = installed.installed.toISOString();
  return `${name}: ${count} ${count === 1 ? 'rule' : 'rules'} in ${mode} mode (program ${programId}, since ${since}${waits})`;
}
