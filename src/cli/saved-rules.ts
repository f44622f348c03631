import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { XdpMode } from '../kernel/index.js';
import { listLinks } from '../netdev/index.js';
import { installRules, type RulesPlace } from '../policy/index.js';
import { expressionConditions, type RuleSet, readRules, writeRules } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { printError, printJson, printNote } from './output.js';

/** Where rules are kept for the next boot: a file for each interface, named for it. */
export const SAVED_RULES = '/etc/xdpkit/rules';
const EXTENSIONS = ['.yaml', '.yml', '.json'];

export function saveRules(interfaceName: string, rules: RuleSet): void {
  mkdirSync(SAVED_RULES, { recursive: true, mode: 0o755 });
  const path = `${SAVED_RULES}/${interfaceName}.yaml`;
  // A crash leaves the old file or the new one.
  writeFileSync(`${path}.new`, writeRules(rules), { flush: true });
  renameSync(`${path}.new`, path);
  for (const other of EXTENSIONS.slice(1)) rmSync(`${SAVED_RULES}/${interfaceName}${other}`, { force: true });
}

export function forgetRules(interfaceName: string): void {
  for (const extension of EXTENSIONS) rmSync(`${SAVED_RULES}/${interfaceName}${extension}`, { force: true });
}

export interface RestoreOptions extends RulesPlace {
  readonly directory: string;
  readonly mode: XdpMode | 'auto';
  readonly json?: true;
}

/** Installs what is saved. One file that fails does not keep the others from it. @returns the exit code */
export async function restoreRules({ directory, mode, netns, json = undefined }: RestoreOptions): Promise<number> {
  let exitCode = 0;
  const files = existsSync(directory) ? readdirSync(directory).sort() : [];
  for (const { name } of listLinks({ netns })) {
    const file = EXTENSIONS.map((extension) => `${name}${extension}`).find((one) => files.includes(one));
    if (file === undefined) continue;
    const path = `${directory}/${file}`;
    try {
      // Whoever saved them has decided already that the interface may be taken.
      const options = { netns, mode, force: true };
      using installed = await installRules(
        name,
        readRules(readFileSync(path, 'utf8'), { file: path, expression: expressionConditions }),
        options,
      );
      const { notices } = installed;
      if (json) printJson('restored', { interface: name, file: path, notices });
      else for (const line of [`${name}: rules of ${path} are installed`, ...notices]) printNote(line);
    } catch (error) {
      if (error instanceof XdpError && error.code === 'XDP_ERR_INSTALLED') continue;
      exitCode = printError(error, json ?? false);
    }
  }
  return exitCode;
}
