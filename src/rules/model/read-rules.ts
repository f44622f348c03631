import { RuleFile, yamlText } from './rule-file.js';
import type { RuleSet } from './rule-set.js';
import { type RuleProblem, RulesError } from './rules-error.js';
import { type ValidateOptions, validateAt, validateRules } from './validate-rules.js';

/**
 * Reads a rule file. YAML 1.2 and JSON are both read, whatever the file is called.
 *
 * @throws RulesError (XDP_ERR_RULES) with everything that is wrong, by file, line, column and rule
 */
export function readRules(text: string, options: ValidateOptions = {}): RuleSet {
  const json = parseJson(text);
  if (json !== undefined) return validateAt(json, options, lazyLocate(text));
  const file = new RuleFile(text);
  const { problems } = file;
  if (problems.length > 0) {
    const name = options.file === undefined ? {} : { file: options.file };
    throw new RulesError(problems.map((problem) => ({ ...name, ...problem, path: '' })));
  }
  return validateAt(file.value(), options, (path, key) => file.locate(path, key));
}

/** JSON is YAML as well, but a hundred times faster read as what it is. */
function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Positions in JSON are only looked for once there is an error to name. */
function lazyLocate(text: string): RuleFile['locate'] {
  let file: RuleFile | undefined;
  return (path, key) => {
    file ??= new RuleFile(text);
    return file.locate(path, key);
  };
}

/** Problems that came up behind reading, with the lines and columns of the text that was read. */
export function placeProblems(problems: readonly RuleProblem[], text: string, file?: string): RuleProblem[] {
  const rules = new RuleFile(text);
  return problems.map((problem) => {
    const path = problem.path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    return { ...(file === undefined ? {} : { file }), ...rules.locate(path, undefined), ...problem };
  });
}

/** Longest match or action that YAML has on one line, in characters of JSON. */
const FLOW_LENGTH = 100;

/**
 * A rule set as text, in canonical form: {@link readRules} gives the same one again.
 *
 * @throws RulesError (XDP_ERR_RULES) when it isn't a valid one
 */
export function writeRules(ruleSet: RuleSet, format: 'yaml' | 'json' = 'yaml'): string {
  const canonical = validateRules(ruleSet);
  return format === 'json' ? `${JSON.stringify(canonical, null, 2)}\n` : yamlText(canonical, FLOW_LENGTH);
}
