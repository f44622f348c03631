import { renameSync, unlinkSync } from 'node:fs';
import { type BpfLink, type Pin, PinDirectory } from '../kernel/index.js';
import type { RuleProgram } from './rule-program.js';
import { RECORD_MAP } from './rules-record.js';
import type { TrialProgram } from './trial-program.js';

const LINK = 'link';
/** Pins of a program that is about to be attached, and of one that comes back unless its successor is confirmed. */
const NEXT = 'next_';
const PREVIOUS = 'previous_';
/** The map of programs of a trial, which a replacement has until it is confirmed. */
const TRIAL = 'trial_rules';
const isOfTrial = (name: string): boolean => name === TRIAL || name.startsWith(PREVIOUS);

/**
 * The pins of installed rules. The link's keeps them installed; those of the maps are for people, but for one thing: a map of
 * programs is emptied when neither a descriptor nor a pin holds it (kernel/bpf/arraymap.c, prog_array_map_clear), so that the maps
 * of rules are pinned before these run. All changes are made under `lockPins`.
 */
export class RulePins {
  readonly directory: PinDirectory;

  /** @param interfaceName in the namespace `netns`, default the calling thread's */
  constructor(interfaceName: string, options: { readonly netns?: string | undefined } = {}) {
    this.directory = PinDirectory.of(interfaceName, options);
  }

  get linkIsPinned(): boolean {
    return this.#pins().some(({ name }) => name === LINK);
  }

  /** Installs rules whose link is attached. */
  install(link: BpfLink, rules: RuleProgram): void {
    this.directory.create();
    for (const [name, object] of objectsOf(rules)) object.pin(this.directory.pathOf(name));
    // Last of all: from now on they stay.
    link.pin(this.directory.pathOf(LINK));
  }

  /** Holds rules that are about to be attached. */
  prepare(rules: RuleProgram): void {
    this.abandon();
    for (const [name, object] of objectsOf(rules)) object.pin(this.directory.pathOf(NEXT + name));
  }

  /** Lets go what was prepared, or left behind by a process that was killed. */
  abandon(): void {
    this.#unlink(({ name }) => name.startsWith(NEXT));
  }

  /** Names what was prepared by its proper names. @param trial keeps what it replaces, to come back */
  commit(rules: RuleProgram, trial?: TrialProgram): void {
    // First of all: the rules judge for as long as this map is held.
    trial?.rules.pin(this.directory.pathOf(TRIAL));
    this.#adopt(NEXT, rules, trial !== undefined);
  }

  /** What was kept has come back. */
  restore(rules: RuleProgram): void {
    this.#adopt(PREVIOUS, rules, false);
    this.forgetTrial();
  }

  /** Lets go what was kept to come back. */
  forgetTrial(): void {
    this.#unlink(({ name }) => isOfTrial(name));
  }

  #adopt(prefix: string, rules: RuleProgram, keep: boolean): void {
    const path = (name: string) => this.directory.pathOf(name);
    const ids = new Map(objectsOf(rules).map(([name, { info }]) => [name, info.id]));
    for (const { name, id } of this.#pins()) {
      if (name === LINK || name.startsWith(NEXT) || isOfTrial(name)) continue;
      if (keep) renameSync(path(name), path(PREVIOUS + name));
      else if (ids.get(name) !== id) unlinkSync(path(name));
    }
    for (const { name, id } of this.#pins()) {
      const plain = name.slice(prefix.length);
      if (name.startsWith(prefix) && ids.get(plain) === id) renameSync(path(name), path(plain));
    }
  }

  #unlink(which: (pin: Pin) => boolean): void {
    for (const pin of this.#pins()) if (which(pin)) unlinkSync(pin.path);
  }

  #pins(): Pin[] {
    return this.directory.pins();
  }
}

const objectsOf = ({ program, maps }: RuleProgram) => [['program', program] as const, ...maps];

/**
 * Clears what stayed behind of installed rules whose interface, or namespace, is gone: their links are attached to nothing.
 *
 * @returns sentences about it
 */
export function clearStalePins(): string[] {
  return PinDirectory.all()
    .filter((directory) => directory.pins().some(({ name }) => name === RECORD_MAP) && directory.isStale())
    .map((directory) => {
      directory.remove();
      return `cleared the pins of rules on ${directory.interface}, which is gone (${directory.path})`;
    });
}
