import { XdpAction } from '../../ebpf/index.js';
import type { Limit, Rule } from '../model/index.js';
import type { RuleBlock } from './compiled-rules.js';
import type { Destinations } from './destinations.js';
import { isTerminal, type Residue } from './residue.js';
import type { RuleCode } from './rule-code.js';
import { writeAction, writeVerdict } from './write-action.js';
import { writeCount } from './write-counters.js';
import { writeFormula } from './write-formula.js';
import type { Buckets } from './write-limit.js';

/** Writes lists of rules: of each rule its conditions and, where they fall through to, its action. */
export class RuleWriter {
  readonly #code: RuleCode;
  readonly #rules: readonly Rule[];
  readonly #destinations: Destinations;
  readonly #buckets: Buckets;
  readonly #blocks: RuleBlock[];
  readonly #written = new Set<Residue | undefined>();

  constructor(
    code: RuleCode,
    rules: readonly Rule[],
    destinations: Destinations,
    buckets: Buckets,
    blocks: RuleBlock[],
  ) {
    this.#code = code;
    this.#rules = rules;
    this.#destinations = destinations;
    this.#buckets = buckets;
    this.#blocks = blocks;
  }

  labelOf(residue: Residue | undefined): string {
    return residue === undefined ? 'pass' : `rules ${residue.id}`;
  }

  /** Writes a list, up to where it goes on as one that is written already. */
  write(list: Residue | undefined): void {
    const { a } = this.#code;
    for (let residue = list; ; residue = residue.next) {
      if (this.#written.has(residue)) {
        if (residue !== list) a.goto(this.labelOf(residue));
        return;
      }
      this.#written.add(residue);
      a.label(this.labelOf(residue));
      if (residue === undefined) {
        writeVerdict(this.#code, XdpAction.pass);
        return;
      }
      const from = a.index;
      const ended = this.#writeRule(residue);
      this.#blocks.push({ rule: residue.rule, from, to: a.index });
      if (ended) return;
    }
  }

  /** Writes some rules of a list. @returns whether a packet may go on behind them */
  writeSome(residues: readonly Residue[]): boolean {
    for (const residue of residues) {
      const from = this.#code.a.index;
      const ended = this.#writeRule(residue);
      this.#blocks.push({ rule: residue.rule, from, to: this.#code.a.index });
      if (ended) return false;
    }
    return true;
  }

  /** @returns whether no packet goes on behind it */
  #writeRule({ rule, formula, source }: Residue): boolean {
    const code = this.#code;
    const { name, action } = this.#rules[rule]!;
    code.a.comment(name === undefined ? `rule ${rule + 1}` : `rule ${rule + 1}: ${name}`);
    const no = code.fresh(`not ${rule + 1}`);
    if (formula !== true) {
      const yes = code.fresh(`rule ${rule + 1}`);
      writeFormula(code, formula, { yes, no, next: 'yes' });
      code.a.label(yes);
    }
    writeCount(code, rule);
    if (typeof action === 'object' && 'limit' in action) this.#writeLimit(rule, action.limit, source, no);
    else writeAction(code, action, this.#destinations);
    if (formula !== true || !isTerminal(action)) code.a.label(no);
    return formula === true && isTerminal(action);
  }

  #writeLimit(rule: number, limit: Limit, source: Residue['source'], next: string): void {
    const code = this.#code;
    const over = code.fresh('over');
    this.#buckets.write(rule, limit, source, over);
    const { within = 'pass' } = limit;
    writeAction(code, within, this.#destinations);
    if (within === 'count') code.a.goto(next);
    code.a.label(over);
    writeCount(code, rule, 'over');
    writeAction(code, limit.over ?? 'drop', this.#destinations);
  }
}
