import type { Definitions } from './definitions.js';
import type { Operand } from './operand.js';
import { quoted, Refusal } from './refusal.js';
import type { Stack } from './stack.js';

/** A word as lists and help show it. */
export interface WordEntry {
  readonly name: string;
  /** What it takes from the stack and leaves there: `( name - value )`. Of a compound word its line, in quotes. */
  readonly stack: string;
  readonly help: string;
}

/** What a word works on: the session that runs it. */
export interface Machine {
  readonly stack: Stack;
  readonly definitions: Definitions;
  /** Built-in and compound words, in the order of their names. */
  entries(): readonly WordEntry[];
  isBuiltIn(name: string): boolean;
  /** 32 random bits, unsigned. */
  random(): number;
  /** Takes the next token of the line, for the few words whose operand stands behind them. */
  nextToken(): string | undefined;
  /** Runs a file of words. @returns whether it is there */
  load(file: string): boolean;
  /** Has the line be over only when something is done that takes its time. The word fails when it is rejected. */
  wait(work: Promise<unknown>): void;
  /**
   * Prints a report.
   *
   * @param data what `--json` shows
   * @param lines the same for people
   */
  print(data: object, lines: readonly string[]): void;
}

/** A built-in word. */
export interface Word extends WordEntry {
  /** @throws Refusal */
  readonly run: (machine: Machine) => void;
}

export interface WordDefinition<T extends readonly unknown[]> {
  /** At most 32 printable ASCII characters. */
  readonly name: string;
  /** The stack comment. The names before the dash are those of `operands`, in their order. */
  readonly stack: string;
  /** What it does, in one sentence. */
  readonly help: string;
  readonly operands: { readonly [K in keyof T]: Operand<T[K]> };
  readonly run: (machine: Machine, ...operands: T) => void;
}

const STACK_COMMENT = /^\( (?<takes>(?:\S+ )*)-(?: \S+)* \)$/;

/** Makes a word: its operands are taken, converted and checked before it runs. */
export function defineWord<T extends readonly unknown[]>(definition: WordDefinition<T>): Word {
  const { name, stack, help, run } = definition;
  const { takes } = STACK_COMMENT.exec(stack)?.groups ?? {};
  const names = (takes ?? '').split(' ').filter((each) => each !== '' && !each.startsWith('['));
  const operands: readonly Operand<unknown>[] = definition.operands;
  if (takes === undefined || names.length !== operands.length)
    throw new TypeError(`${name} ${stack}: not its operands`);
  return {
    name,
    stack,
    help,
    run: (machine) => run(machine, ...(takeOperands(machine.stack, names, operands) as unknown as T)),
  };
}

function takeOperands(stack: Stack, names: readonly string[], operands: readonly Operand<unknown>[]): unknown[] {
  const items = names.map(() => stack.pop()).reverse();
  // The topmost ones are there: what is missing is missed from the left.
  const missing = names.filter((_, i) => items[i] === undefined);
  if (missing.length > 0)
    throw new Refusal(`${missing.length === 1 ? 'operand' : 'operands'} ${missing.join(', ')} missing`);
  return operands.map(({ describe, convert }, i) => {
    const item = items[i]!;
    const value = convert(item);
    if (value !== undefined) return value;
    const wanted = typeof describe === 'string' ? describe : describe();
    throw new Refusal(`${names[i]} ${quoted(item.text)} is not ${wanted}`);
  });
}
