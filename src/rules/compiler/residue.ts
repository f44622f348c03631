import type { Action, PlainAction, Rule } from '../model/index.js';
import type { Formula, FormulaNode } from './formula-node.js';
import { lowerMatch } from './lower-match.js';
import { type ClassSet, IPV4, IPV6 } from './packet-classes.js';
import { testKey } from './packet-test.js';

/** What is left of a rule, and of those after it, for packets of some classes. Equal rests are one object. */
export interface Residue {
  readonly rule: number;
  readonly formula: true | FormulaNode;
  /** Where a limit for each source finds the source. */
  readonly source: SourceKind;
  /** undefined: what comes here matches no rule, and passes; or nothing comes here. */
  readonly next: Residue | undefined;
  readonly id: number;
}

/** IP version of the source address; 0: none; `varies`: the program has to look at the packet's class. */
export type SourceKind = 4 | 6 | 0 | 'varies';

/** The rests of a rule set for the classes. */
export class Residues {
  readonly #rules: readonly Rule[];
  readonly #known = new Map<string, Residue>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Conditions that are decided by the class are gone, rules that can't match as well, and all behind one that always does. */
  of(classes: ClassSet): Residue | undefined {
    const left: { rule: number; formula: true | FormulaNode }[] = [];
    for (const [rule, { match, action }] of this.#rules.entries()) {
      const formula = lowerMatch(match, classes);
      if (formula === false) continue;
      left.push({ rule, formula });
      if (formula === true && isTerminal(action)) break;
    }
    let next: Residue | undefined;
    for (const { rule, formula } of left.reverse()) next = this.#intern(rule, formula, classes, next);
    return next;
  }

  #intern(rule: number, formula: true | FormulaNode, classes: ClassSet, next: Residue | undefined): Residue {
    const source = hasSources(this.#rules[rule]!.action) ? sourceKind(classes) : 0;
    const key = `${rule} ${next?.id ?? 'pass'} ${source} ${formulaKey(formula)}`;
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const residue = { rule, formula, source, next, id: this.#known.size };
    this.#known.set(key, residue);
    return residue;
  }
}

/** Whether no packet that matches comes to the next rule. */
export function isTerminal(action: Action): boolean {
  if (typeof action === 'string' || !('limit' in action)) return action !== 'count';
  const { within = 'pass', over = 'drop' } = action.limit;
  return within !== 'count' && over !== 'count';
}

/** All that may become of a packet by an action. */
export function outcomes(action: Action): readonly PlainAction[] {
  if (typeof action === 'string' || !('limit' in action)) return [action];
  const { within = 'pass', over = 'drop' } = action.limit;
  return [within, over];
}

function hasSources(action: Action): boolean {
  return typeof action === 'object' && 'limit' in action && action.limit.perSource !== undefined;
}

function sourceKind(classes: ClassSet): SourceKind {
  const four = (classes & IPV4) !== 0;
  const six = (classes & IPV6) !== 0;
  const neither = (classes & ~(IPV4 | IPV6)) !== 0;
  if (Number(four) + Number(six) + Number(neither) > 1) return 'varies';
  return four ? 4 : six ? 6 : 0;
}

/** Two formulas with the same key are the same. */
export function formulaKey(formula: Formula): string {
  if (typeof formula === 'boolean') return `${formula}`;
  if (formula.kind === 'test') return testKey(formula.test);
  if (formula.kind === 'not') return `not(${formulaKey(formula.part)})`;
  return `${formula.kind}(${formula.parts.map(formulaKey).join()})`;
}
