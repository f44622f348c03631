import { Assembler } from '../../ebpf/index.js';
import type { EmitExpression } from './compile-options.js';
import type { FormulaNode } from './formula-node.js';
import type { PacketTest } from './packet-test.js';
import { END, FRAME, Stack } from './rule-code.js';

/** What it takes to compare with the frame's end, and to find TCP's payload. */
const REACH = 5;
const TCP_PAYLOAD = 12;
/** The call of a shape's function, and the look at what it says. */
export const CALL_COST = 6;

/** About how many instructions a formula becomes. @param expressionCost of a tcpdump expression */
export function formulaCost(formula: FormulaNode, expressionCost: (text: string) => number): number {
  if (formula.kind === 'test') return testCost(formula.test, expressionCost);
  if (formula.kind === 'not') return formulaCost(formula.part, expressionCost);
  return formula.parts.reduce((sum, part) => sum + formulaCost(part, expressionCost), 0);
}

function testCost(test: PacketTest, expressionCost: (text: string) => number): number {
  const place =
    'base' in test ? (test.base === 'tcpPayload' ? TCP_PAYLOAD : 0) + ('known' in test && test.known ? 0 : REACH) : 0;
  switch (test.kind) {
    case 'class':
      return 2;
    case 'present':
      return place;
    case 'note':
      return 3;
    case 'field':
      return place + 2 + (test.size === 4 ? wideRangesCost : rangesCost)(test.ranges.length);
    case 'length':
      return 2 + rangesCost(test.ranges.length);
    case 'bytes':
      return place + bytesCost(test.value.length, test.mask);
    case 'macs':
      return place + 12;
    case 'prefixes':
      return place + 8 + test.prefixes[0]!.address.length / 2;
    case 'longConnectionId':
      return place + 25 + bytesCost(test.id.length);
    case 'innerIpv4':
      return REACH + 18;
    case 'expression':
      return expressionCost(test.expression);
    case 'rowBits':
    case 'rowList':
    case 'shape':
      return CALL_COST;
  }
}

/** One by one, by a search, by a bitmap: see writeNumbers. */
function rangesCost(ranges: number): number {
  return ranges === 1 ? 2 : ranges <= 8 ? 3 * ranges : 12;
}

/** Numbers of 32 bits have no bitmap. */
function wideRangesCost(ranges: number): number {
  return ranges <= 64 ? 3 * ranges : 12;
}

function bytesCost(length: number, mask?: unknown): number {
  const words = Math.floor(length / 8);
  const isMasked = mask instanceof Uint8Array && mask.some((byte) => byte !== 255);
  return words * (isMasked ? 7 : 4) + (length % 8 === 0 ? 0 : (isMasked ? 3 : 2) * 2);
}

/** How many instructions expressions become: they are written to see. */
export function expressionCosts(emit: EmitExpression | undefined): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    let cost = known.get(text);
    if (cost === undefined) {
      const place = {
        start: FRAME,
        end: END,
        stack: Stack.expression,
        stackEnd: Stack.expressionEnd,
        yes: 'y',
        no: 'n',
      };
      const assembler = new Assembler();
      emit?.(assembler, text, place);
      cost = assembler.index;
      known.set(text, cost);
    }
    return cost;
  };
}
