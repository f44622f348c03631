import { R0, R4, R5, R10 } from '../../ebpf/index.js';
import type { FormulaNode } from './formula-node.js';
import type { FunctionPlace } from './function-types.js';
import { type RuleCode, Stack } from './rule-code.js';
import { type Shape, shapeOf } from './shape.js';
import { CALL_SIZE, formulaSize } from './test-size.js';
import { writeFormula } from './write-formula.js';
import { writeEntry } from './write-meeting.js';

/** A program may have 256 functions (BPF_MAX_SUBPROGS), of which the rules take 200 at most. */
const MOST_SHAPES = 48;
/** A function has to save so many instructions. */
const WORTHWHILE = 200;
/** Tests of one alternative that are looked at together; of longer lists so many at a time. */
const TOGETHER = 16;

const ROWS = 'rows';

/** A function of the program, and the rows it may be called for. */
interface ShapeFunction {
  readonly name: string;
  readonly shape: Shape;
  readonly rows: Map<string, number>;
  readonly bytes: Uint8Array[];
}

/**
 * The functions of the conditions that a very large program has many of a kind of. Each is verified once, where the verifier
 * would otherwise walk every single condition, of a million instructions in all (BPF_COMPLEXITY_LIMIT_INSNS).
 */
export class Shapes {
  readonly #code: RuleCode;
  readonly #expressionSize: (text: string) => number;
  readonly #functions = new Map<string, ShapeFunction>();

  /** @param all takes every shape that there is room for, even if it saves nothing */
  constructor(
    code: RuleCode,
    formulas: readonly FormulaNode[],
    expressionSize: (text: string) => number,
    all: boolean,
  ) {
    this.#code = code;
    this.#expressionSize = expressionSize;
    const saved = new Map<string, { shape: Shape; saves: number }>();
    for (const formula of formulas.filter((one) => !isAlone(one))) {
      this.#look(formula, (part) => {
        const shape = shapeOf(part, code.maps);
        if (shape === undefined) return undefined;
        const known = saved.get(shape.key) ?? { shape, saves: 0 };
        known.saves += this.#size(part) - CALL_SIZE;
        saved.set(shape.key, known);
        return undefined;
      });
    }
    const best = [...saved.values()].filter(({ saves }) => all || saves >= WORTHWHILE);
    best.sort((a, b) => b.saves - a.saves);
    for (const [i, { shape }] of best.slice(0, MOST_SHAPES).entries()) {
      this.#functions.set(shape.key, { name: `shape_${i}`, shape, rows: new Map(), bytes: [] });
    }
  }

  get areUsed(): boolean {
    return this.#functions.size > 0;
  }

  /** The formula with calls in it. */
  rewrite(formula: true | FormulaNode): true | FormulaNode {
    if (formula === true || isAlone(formula)) return formula;
    return this.#look(formula, (part) => {
      const shape = shapeOf(part, this.#code.maps);
      const found = shape && this.#functions.get(shape.key);
      return found && { kind: 'test', test: { kind: 'shape', name: found.name, row: rowIn(found, shape.row) } };
    });
  }

  /** Writes the functions, and the map of all their rows. */
  write(): FunctionPlace[] {
    const { a, maps } = this.#code;
    const called = [...this.#functions.values()].filter(({ bytes }) => bytes.length > 0);
    const size = called.reduce((sum, { shape, bytes }) => sum + shape.row.length * bytes.length, 0);
    const table = new Uint8Array(size);
    let at = 0;
    const places: FunctionPlace[] = [];
    for (const { name, shape, bytes } of called) {
      places.push({ name, slot: a.index, takes: 'rules' });
      this.#writeFunction(name, shape, bytes.length, at);
      for (const row of bytes) {
        table.set(row, at);
        at += row.length;
      }
    }
    if (size > 0) maps.addFilled(ROWS, table);
    return places;
  }

  #writeFunction(name: string, { formula, row }: Shape, rows: number, at: number): void {
    const { a } = this.#code;
    const [yes, no] = [`${name} yes`, `${name} no`];
    writeEntry(this.#code, name);
    if (row.length > 0) {
      a.load('u64', R4, R10, Stack.now)
        .jump('>', R4, rows - 1, no)
        .alu('*', R4, row.length);
      a.mapValue(R5, ROWS, at).alu('+', R5, R4).store('u64', R10, Stack.row, R5);
    }
    writeFormula(this.#code, formula, { yes, no, next: 'yes' });
    a.label(yes).mov32(R0, 1).exit();
    a.label(no).mov32(R0, 0).exit();
  }

  /** Offers parts of a formula, the larger ones first; where one is taken, what is in it is not offered any more. */
  #look(formula: FormulaNode, take: (part: FormulaNode) => FormulaNode | undefined): FormulaNode {
    if (formula.kind === 'test') return this.#offer(formula, take) ?? formula;
    if (formula.kind === 'not') return { kind: 'not', part: this.#look(formula.part, take) };
    const { kind, parts } = formula;
    if (kind === 'or') return { kind, parts: parts.map((part) => this.#look(part, take)) };
    if (parts.length > TOGETHER) {
      const several = Array.from({ length: Math.ceil(parts.length / TOGETHER) }, (_, i) =>
        parts.slice(i * TOGETHER, (i + 1) * TOGETHER),
      );
      return {
        kind,
        parts: several.map((some) => this.#look(some.length > 1 ? { kind, parts: some } : some[0]!, take)),
      };
    }
    return this.#offer(formula, take) ?? { kind, parts: parts.map((part) => this.#look(part, take)) };
  }

  #offer(formula: FormulaNode, take: (part: FormulaNode) => FormulaNode | undefined): FormulaNode | undefined {
    return this.#size(formula) > 2 * CALL_SIZE ? take(formula) : undefined;
  }

  #size(formula: FormulaNode): number {
    return formulaSize(formula, this.#expressionSize);
  }
}

/** One number: rules that look at the same one are searched for. */
function isAlone(formula: FormulaNode): boolean {
  return formula.kind === 'test' && formula.test.kind === 'field';
}

function rowIn({ rows, bytes }: ShapeFunction, row: Uint8Array): number {
  const key = Buffer.from(row).toString('latin1');
  const known = rows.get(key);
  if (known !== undefined) return known;
  const index = bytes.length;
  rows.set(key, index);
  bytes.push(row);
  return index;
}
