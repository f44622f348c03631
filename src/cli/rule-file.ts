import { readFileSync } from 'node:fs';
import { expressionConditions, type RuleSet, readRules } from '../rules/index.js';
import { XdpError } from '../sys/index.js';

/** A rule file as it was named on the command line. */
export interface RuleFile {
  /** What messages call it. */
  readonly name: string;
  readonly text: string;
}

/** Standard input for `-`. @throws XDP_ERR_USAGE when it can't be read */
export function openRuleFile(path: string): RuleFile {
  const name = path === '-' ? 'standard input' : path;
  try {
    return { name, text: readFileSync(path === '-' ? 0 : path, 'utf8') };
  } catch (error) {
    throw new XdpError('XDP_ERR_USAGE', `${name} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws RulesError (XDP_ERR_RULES) with everything that is wrong, by line and rule */
export function rulesOf({ name, text }: RuleFile): RuleSet {
  return readRules(text, { file: name, expression: expressionConditions });
}
