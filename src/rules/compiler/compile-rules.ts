import { R1, R10, XdpContext } from '../../ebpf/index.js';
import type { Action, Limit, Match, Rule, RuleSet } from '../model/index.js';
import { ClassLabels } from './class-labels.js';
import type { CompileOptions } from './compile-options.js';
import { type CompiledRules, RULE_COUNTERS, type RuleBlock } from './compiled-rules.js';
import { Destinations } from './destinations.js';
import { divide } from './divide.js';
import { type FunctionPlace, functionTypes } from './function-types.js';
import { ALL_CLASSES, CLASS_NAMES, type ClassName, PacketClass, UNVERIFIED } from './packet-classes.js';
import { outcomes, type Residue, Residues } from './residue.js';
import { END, FRAME, RuleCode, Stack } from './rule-code.js';
import { Shapes } from './shapes.js';
import { expressionSizes, formulaSize } from './test-size.js';
import { Counters } from './write-counters.js';
import { Buckets } from './write-limit.js';
import { writeCalls, writeEntry, writeMeeting, writeNotes, writeUndecided } from './write-meeting.js';
import { writeParser } from './write-parser.js';
import { RuleWriter } from './write-rules.js';

/** With more conditions a list for each class is not even tried: it would be too large. */
const MOST_CONDITIONS = 3000;

/** Jumps reach 32767 slots; a program that has more has to have its code in one place. */
const MOST_SPECIALISED = 30_000;

/** Conditions of more instructions than this share functions. */
const MOST_WRITTEN_OUT = 60_000;

/**
 * Compiles a rule set, which has been validated, into an XDP program. What docs/rules.md says is what it does. The program runs from
 * Linux 5.15 on; loading it is the business of others.
 *
 * The parser tells packets apart by class; for each class the program has what is left of the rules once
 * all that the class decides is decided. Where that becomes too large, all classes share one list of the rules.
 *
 * @throws XDP_ERR_USAGE for an expression that can't be compiled
 */
export function compileRules(ruleSet: RuleSet, options: CompileOptions = {}): CompiledRules {
  if (!options.compact && conditionsOf(ruleSet) <= MOST_CONDITIONS) {
    const specialised = new Compilation(ruleSet.rules, options, { countsInFunction: false });
    specialised.writeSpecialised();
    if (specialised.code.extent <= MOST_SPECIALISED) return specialised.finish();
  }
  const shared = new Compilation(ruleSet.rules, options, { countsInFunction: true });
  shared.writeShared();
  return shared.finish();
}

class Compilation {
  readonly code: RuleCode;
  readonly #rules: readonly Rule[];
  readonly #residues: Residues;
  readonly #counters: Counters;
  readonly #buckets: Buckets;
  readonly #destinations: Destinations;
  readonly #writer: RuleWriter;
  readonly #blocks: RuleBlock[] = [];
  readonly #functions: FunctionPlace[] = [];

  constructor(rules: readonly Rule[], options: CompileOptions, how: { readonly countsInFunction: boolean }) {
    this.#rules = rules;
    this.code = new RuleCode(options);
    this.#residues = new Residues(rules);
    const { maps } = this.code;
    if (rules.length > 0) {
      maps.add('percpuArray', RULE_COUNTERS.map, { valueSize: RULE_COUNTERS.valueSize, maxEntries: rules.length });
    }
    this.#destinations = new Destinations(rules, maps, options.queues);
    this.#counters = new Counters(this.code, { inFunction: how.countsInFunction });
    this.#buckets = new Buckets(this.code, limitsOf(rules));
    const { code } = this;
    this.#writer = new RuleWriter(code, rules, this.#destinations, this.#counters, this.#buckets, this.#blocks);
  }

  /** A list of rules for each class; lists that are equal, or end alike, are there once. */
  writeSpecialised(): void {
    const lists = new Map<ClassName, Residue | undefined>();
    for (const name of CLASS_NAMES) lists.set(name, this.#residues.of(PacketClass[name]));
    const labels = new Map(CLASS_NAMES.map((name) => [name, this.#writer.labelOf(lists.get(name))] as const));
    this.#writeStart();
    writeParser(this.code, new ClassLabels(labels));
    const written = new Set<Residue | undefined>();
    for (const name of CLASS_NAMES) {
      const list = lists.get(name);
      if (written.has(list)) continue;
      written.add(list);
      this.#writer.write(list);
    }
    this.#writeBucketFunction();
  }

  /** One list of rules for all classes, which look at the class where it matters; divided into functions. */
  writeShared(): void {
    const { a } = this.code;
    const labels = new Map(CLASS_NAMES.map((name) => [name, `class ${name}`] as const));
    const size = expressionSizes(this.code.options.emitExpression);
    const residues = inOrder(this.#residues.of(ALL_CLASSES | UNVERIFIED));
    const formulas = residues.map(({ formula }) => formula).filter((formula) => formula !== true);
    const isLarge = formulas.reduce((sum, formula) => sum + formulaSize(formula, size), 0) > MOST_WRITTEN_OUT;
    const useTables = this.code.options.compact === 'tables';
    const shapes = new Shapes(this.code, isLarge || useTables ? formulas : [], size, useTables);
    const rewritten = residues.map((residue) => ({ ...residue, formula: shapes.rewrite(residue.formula) }));
    const parts = divide(rewritten, size);
    const names = parts.map((_, i) => `rules_${i}`);
    a.store('u64', R10, Stack.context, R1);
    this.#writeStart();
    writeNotes(this.code);
    writeParser(this.code, new ClassLabels(labels));
    for (const name of CLASS_NAMES) {
      a.label(`class ${name}`);
      writeMeeting(this.code, name, 'rules');
    }
    writeCalls(this.code, names, limitsOf(this.#rules).size > 0);
    for (const [i, part] of parts.entries()) {
      this.#functions.push({ name: names[i]!, slot: a.index, takes: 'rules' });
      writeEntry(this.code, names[i]!, { calls: shapes.areUsed });
      if (this.#writer.writeSome(part)) writeUndecided(this.code);
    }
    this.#functions.push(...shapes.write());
    const count = this.#counters.writeFunction();
    if (count !== undefined) this.#functions.push(count);
    this.#writeBucketFunction();
  }

  finish(): CompiledRules {
    const { sockets, interfaces, programs, steerings } = this.#destinations;
    const main: FunctionPlace = { name: 'rules', slot: 0, takes: 'rules' };
    return {
      program: this.code.assemble(),
      ...(this.#functions.length > 0 ? { types: functionTypes([main, ...this.#functions]) } : {}),
      maps: this.code.maps.finish(),
      blocks: this.#blocks,
      sockets,
      interfaces,
      programs,
      steerings,
      warnings: this.#buckets.warnings,
    };
  }

  /** A global function, too: the verifier would walk its loop again for every rule with a limit. */
  #writeBucketFunction(): void {
    const slot = this.code.a.index;
    this.#buckets.writeSubprogram();
    if (this.code.a.index > slot) this.#functions.push({ name: 'take', slot, takes: 'bucket' });
  }

  #writeStart(): void {
    const { a } = this.code;
    if (this.#rules.some(({ action }) => needsContext(action))) a.store('u64', R10, Stack.context, R1);
    a.load('u32', FRAME, R1, XdpContext.data).load('u32', END, R1, XdpContext.dataEnd);
    this.#buckets.writeStart();
  }
}

function inOrder(list: Residue | undefined): Residue[] {
  const residues: Residue[] = [];
  for (let residue = list; residue !== undefined; residue = residue.next) residues.push(residue);
  return residues;
}

function conditionsOf({ rules }: RuleSet): number {
  const count = (match: Match): number => {
    if ('all' in match) return match.all.reduce((sum, part) => sum + count(part), 0);
    if ('any' in match) return match.any.reduce((sum, part) => sum + count(part), 0);
    return 'not' in match ? count(match.not) : 1;
  };
  return rules.reduce((sum, { match }) => sum + count(match), 0);
}

function limitsOf(rules: readonly Rule[]): Map<number, Limit> {
  const limits = new Map<number, Limit>();
  for (const [rule, { action }] of rules.entries()) {
    if (typeof action === 'object' && 'limit' in action) limits.set(rule, action.limit);
  }
  return limits;
}

function needsContext(action: Action): boolean {
  return outcomes(action).some(
    (outcome) =>
      outcome === 'redirect' ||
      (typeof outcome === 'object' && !('redirect' in outcome && 'interface' in outcome.redirect)),
  );
}
