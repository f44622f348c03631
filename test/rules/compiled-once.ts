import { createHash, hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { type CompiledRules, compileRuleSet, type RuleSet } from '../../dist/rules/index.js';

/** Where compiled rule sets are kept, so that an emulated machine has only to load them; without it each is compiled. */
const FOLDER = process.env['XDPKIT_COMPILED'];
const COMPILER = fileURLToPath(new URL('../../dist/rules/', import.meta.url));

/** As `compileRuleSet` does, unless the same compiler has compiled the same rules before. */
export function compiledOnce(ruleSet: RuleSet): CompiledRules {
  if (FOLDER === undefined) return compileRuleSet(ruleSet);
  const file = `${FOLDER}/${compilerHash()}-${hash('sha256', JSON.stringify(ruleSet))}`;
  if (existsSync(file)) return deserialize(readFileSync(file)) as CompiledRules;
  const compiled = compileRuleSet(ruleSet);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, serialize(compiled));
  return compiled;
}

let known: string | undefined;

function compilerHash(): string {
  if (known !== undefined) return known;
  const all = createHash('sha256');
  const files = readdirSync(COMPILER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  for (const name of files.sort()) all.update(readFileSync(`${COMPILER}${name}`));
  known = all.digest('hex').slice(0, 16);
  return known;
}
