import { R1, R10, XdpContext } from '../../ebpf/index.js';
import type { Action, Limit, Match, Rule, RuleSet } from '../model/index.js';
import { ClassLabels } from './class-labels.js';
import type { CompileOptions } from './compile-options.js';
import { type CompiledRules, RULE_COUNTERS, type RuleBlock } from './compiled-rules.js';
import { Destinations } from './destinations.js';
import { ALL_CLASSES, CLASS_NAMES, type ClassName, PacketClass, UNVERIFIED } from './packet-classes.js';
import { outcomes, type Residue, Residues } from './residue.js';
import { END, FRAME, NETWORK, RuleCode, Stack } from './rule-code.js';
import { Buckets } from './write-limit.js';
import { writeMeeting, writeMeetingPoint, writeNotes } from './write-meeting.js';
import { writeParser } from './write-parser.js';
import { RuleWriter } from './write-rules.js';

/** Jumps reach 32767 slots; a program that has more has to have its code in one place. */
const MOST_SPECIALISED = 30_000;

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
  if (!options.compact) {
    const specialised = new Compilation(ruleSet.rules, options);
    specialised.writeSpecialised();
    if (specialised.code.a.index <= MOST_SPECIALISED) return specialised.finish();
  }
  const shared = new Compilation(ruleSet.rules, options);
  shared.writeShared();
  return shared.finish();
}

class Compilation {
  readonly code: RuleCode;
  readonly #rules: readonly Rule[];
  readonly #residues: Residues;
  readonly #buckets: Buckets;
  readonly #destinations: Destinations;
  readonly #writer: RuleWriter;
  readonly #blocks: RuleBlock[] = [];

  constructor(rules: readonly Rule[], options: CompileOptions) {
    this.#rules = rules;
    this.code = new RuleCode(options);
    this.#residues = new Residues(rules);
    const { maps } = this.code;
    if (rules.length > 0) {
      maps.add('percpuArray', RULE_COUNTERS.map, { valueSize: RULE_COUNTERS.valueSize, maxEntries: rules.length });
    }
    this.#destinations = new Destinations(rules, maps, options.queues);
    this.#buckets = new Buckets(this.code, limitsOf(rules));
    this.#writer = new RuleWriter(this.code, rules, this.#destinations, this.#buckets, this.#blocks);
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
    this.#buckets.writeSubprogram();
  }

  /** One list of rules for all classes, which look at the class where it matters. */
  writeShared(): void {
    const labels = new Map(CLASS_NAMES.map((name) => [name, `class ${name}`] as const));
    this.#writeStart();
    writeNotes(this.code);
    writeParser(this.code, new ClassLabels(labels));
    for (const name of CLASS_NAMES) {
      this.code.a.label(`class ${name}`);
      writeMeeting(this.code, name, 'rules');
    }
    this.code.a.label('rules');
    writeMeetingPoint(this.code);
    this.#writer.write(this.#residues.of(ALL_CLASSES | UNVERIFIED));
    this.#buckets.writeSubprogram();
  }

  finish(): CompiledRules {
    const { sockets, interfaces, programs } = this.#destinations;
    return {
      program: this.code.assemble(),
      maps: this.code.maps.finish(),
      blocks: this.#blocks,
      sockets,
      interfaces,
      programs,
      warnings: [],
    };
  }

  #writeStart(): void {
    const { a } = this.code;
    if (this.#rules.some(({ action }) => needsContext(action))) a.store('u64', R10, Stack.context, R1);
    a.load('u32', FRAME, R1, XdpContext.data).load('u32', END, R1, XdpContext.dataEnd);
    // An expression sets this register aside, also where there is no network header.
    if (this.#rules.some(({ match }) => hasExpression(match))) a.mov(NETWORK, FRAME);
    this.#buckets.writeStart();
  }
}

function hasExpression(match: Match): boolean {
  if ('expression' in match) return true;
  if ('not' in match) return hasExpression(match.not);
  if ('all' in match) return match.all.some(hasExpression);
  return 'any' in match && match.any.some(hasExpression);
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
      (typeof outcome === 'object' && ('program' in outcome || 'socket' in outcome.redirect)),
  );
}
