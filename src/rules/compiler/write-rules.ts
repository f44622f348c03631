import { XdpAction } from '../../ebpf/index.js';
import type { Limit, Rule } from '../model/index.js';
import type { RuleBlock } from './compiled-rules.js';
import type { Destinations } from './destinations.js';
import { isTerminal, type Residue } from './residue.js';
import type { RuleCode } from './rule-code.js';
import { type RuleRun, runAt } from './rule-run.js';
import { writeAction, writeVerdict } from './write-action.js';
import type { Counters } from './write-counters.js';
import { writeFormula } from './write-formula.js';
import type { Buckets } from './write-limit.js';
import { writeRun } from './write-run.js';

/** Writes lists of rules: of each rule its conditions and, where they fall through to, its action. */
export class RuleWriter {
  readonly #code: RuleCode;
  readonly #rules: readonly Rule[];
  readonly #destinations: Destinations;
  readonly #counters: Counters;
  readonly #buckets: Buckets;
  readonly #blocks: RuleBlock[];
  readonly #written = new Set<Residue | undefined>();

  constructor(
    code: RuleCode,
    rules: readonly Rule[],
    destinations: Destinations,
    counters: Counters,
    buckets: Buckets,
    blocks: RuleBlock[],
  ) {
    this.#code = code;
    this.#rules = rules;
    this.#destinations = destinations;
    this.#counters = counters;
    this.#buckets = buckets;
    this.#blocks = blocks;
  }

  labelOf(residue: Residue | undefined): string {
    return residue === undefined ? 'pass' : `rules ${residue.id}`;
  }

  /** Writes a list, up to where it goes on as one that is written already. */
  write(list: Residue | undefined): void {
    const { a } = this.#code;
    for (let residue = list; ; ) {
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
      const run = runAt(residue, this.#rules);
      if (run !== undefined) {
        this.#writeRun(run);
        if (run.isComplete) return;
        residue = run.residues.at(-1)!.next;
        continue;
      }
      if (this.#writeBlock(residue)) return;
      residue = residue.next;
    }
  }

  /** Writes some rules of a list. @returns whether a packet may go on behind them */
  writeSome(residues: readonly Residue[]): boolean {
    for (let i = 0; i < residues.length; ) {
      const run = runAt(residues[i]!, this.#rules, residues.length - i);
      if (run !== undefined) this.#writeRun(run);
      if (run?.isComplete) return false;
      if (run === undefined && this.#writeBlock(residues[i]!)) return false;
      i += run?.residues.length ?? 1;
    }
    return true;
  }

  /** @returns whether no packet goes on behind it */
  #writeBlock(residue: Residue): boolean {
    const from = this.#code.a.index;
    const ended = this.#writeRule(residue);
    this.#blocks.push({ rule: residue.rule, from, to: this.#code.a.index });
    return ended;
  }

  /** A search, and then the action of each rule that it may find. */
  #writeRun(run: RuleRun): void {
    const { a } = this.#code;
    const none = this.#code.fresh('none');
    const labels = new Map<Residue, string>();
    for (const { residue } of run.segments) {
      if (!labels.has(residue)) labels.set(residue, this.#code.fresh(`rule ${residue.rule + 1}`));
    }
    const first = run.residues[0]!.rule;
    a.comment(`rules ${first + 1} to ${run.residues.at(-1)!.rule + 1}`);
    writeRun(this.#code, run, ({ residue }) => labels.get(residue)!, none);
    for (const [residue, label] of labels) {
      const from = a.index;
      a.label(label);
      this.#writeAction({ ...residue, formula: true }, none);
      this.#blocks.push({ rule: residue.rule, from, to: a.index });
    }
    if (!run.isComplete) a.label(none);
  }

  /** @returns whether no packet goes on behind it */
  #writeRule(residue: Residue): boolean {
    const code = this.#code;
    const { rule, formula } = residue;
    const { action } = this.#rules[rule]!;
    const no = code.fresh(`not ${rule + 1}`);
    if (formula !== true) {
      this.#comment(rule);
      const yes = code.fresh(`rule ${rule + 1}`);
      writeFormula(code, formula, { yes, no, next: 'yes' });
      code.a.label(yes);
    }
    this.#writeAction(residue, no);
    if (formula !== true || !isTerminal(action)) code.a.label(no);
    return formula === true && isTerminal(action);
  }

  /** Counts, and does what the rule says; what goes on, goes on behind it or at `next`. */
  #writeAction({ rule, source }: Residue, next: string): void {
    const { action } = this.#rules[rule]!;
    this.#comment(rule);
    this.#counters.write(rule);
    if (typeof action === 'object' && 'limit' in action) this.#writeLimit(rule, action.limit, source, next);
    else writeAction(this.#code, action, this.#destinations);
  }

  #comment(rule: number): void {
    const { name } = this.#rules[rule]!;
    this.#code.a.comment(name === undefined ? `rule ${rule + 1}` : `rule ${rule + 1}: ${name}`);
  }

  #writeLimit(rule: number, limit: Limit, source: Residue['source'], next: string): void {
    const code = this.#code;
    const over = code.fresh('over');
    this.#buckets.write(rule, limit, source, over);
    const { within = 'pass' } = limit;
    writeAction(code, within, this.#destinations);
    if (within === 'count') code.a.goto(next);
    code.a.label(over);
    this.#counters.write(rule, 'over');
    writeAction(code, limit.over ?? 'drop', this.#destinations);
  }
}
