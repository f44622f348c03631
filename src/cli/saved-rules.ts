import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { XdpMode } from '../kernel/index.js';
import { type RuleSet, writeRules } from '../rules/index.js';
import { XdpError } from '../sys/index.js';

/** Where rules are kept for the next boot: a file for each interface, named for it. */
export const SAVED_RULES = '/etc/xdpkit/rules';
const EXTENSIONS = ['.yaml', '.yml', '.json'];
const MODES = ['auto', 'native', 'generic'] as const;

/** Rules that are kept for an interface. */
export interface SavedRules {
  readonly path: string;
  /** Where they are to run. */
  readonly mode: XdpMode | 'auto';
}

/** Files of a mode that somebody has chosen are in a folder of its name. */
const folderOf = (directory: string, mode: SavedRules['mode']): string =>
  mode === 'auto' ? directory : `${directory}/${mode}`;

/** @throws XDP_ERR_USAGE when there are several: nobody can tell which were meant */
export function savedRules(directory: string, interfaceName: string): SavedRules | undefined {
  const found = filesOf(directory, interfaceName).filter(({ path }) => existsSync(path));
  if (found.length <= 1) return found[0];
  const paths = found.map(({ path }) => path).join(', ');
  throw new XdpError('XDP_ERR_USAGE', `there are several rule files for ${interfaceName}: ${paths}`, {
    advice: 'keep one of them',
  });
}

/** The mode of saved rules, undefined when none are saved. */
export function savedMode(interfaceName: string): SavedRules['mode'] | undefined {
  return savedRules(SAVED_RULES, interfaceName)?.mode;
}

/** @throws XDP_ERR_USAGE when they can't be written */
export function saveRules(interfaceName: string, rules: RuleSet, mode: SavedRules['mode']): void {
  const path = `${folderOf(SAVED_RULES, mode)}/${interfaceName}.yaml`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    // A crash leaves the old file or the new one.
    writeFileSync(`${path}.new`, writeRules(rules), { flush: true });
    renameSync(`${path}.new`, path);
    forget(interfaceName, path);
  } catch (error) {
    const message = `the rules are installed, but ${path} can't be written: ${(error as Error).message}`;
    throw new XdpError('XDP_ERR_USAGE', message, { cause: error });
  }
}

export function forgetRules(interfaceName: string): void {
  forget(interfaceName);
}

function forget(interfaceName: string, but?: string): void {
  for (const { path } of filesOf(SAVED_RULES, interfaceName)) if (path !== but) rmSync(path, { force: true });
}

function filesOf(directory: string, interfaceName: string): SavedRules[] {
  return MODES.flatMap((mode) =>
    EXTENSIONS.map((extension) => ({ path: `${folderOf(directory, mode)}/${interfaceName}${extension}`, mode })),
  );
}
