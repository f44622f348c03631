import { Assembler } from '../../ebpf/index.js';
import type { EmitExpression } from './compile-options.js';
import type { FormulaNode } from './formula-node.js';
import type { PacketTest } from './packet-test.js';
import { END, FRAME, Stack } from './rule-code.js';
import { MOST_COMPARED } from './write-numbers.js';

/** What it takes to compare with the frame's end, and to find TCP's payload. */
const REACH = 5;
const TCP_PAYLOAD = 12;
/** The call of a shape's function, and the look at what it says. */
export const CALL_SIZE = 6;

/** About how many instructions a formula becomes. @param expressionSize of a tcpdump expression */
export function formulaSize(formula: FormulaNode, expressionSize: (text: string) => number): number {
  if (formula.kind === 'test') return testSize(formula.test, expressionSize);
  if (formula.kind === 'not') return formulaSize(formula.part, expressionSize);
  return formula.parts.reduce((sum, part) => sum + formulaSize(part, expressionSize), 0);
}

function testSize(test: PacketTest, expressionSize: (text: string) => number): number {
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
      return place + 2 + (test.size === 4 ? wideRangesSize : rangesSize)(test.ranges.length);
    case 'length':
      return 2 + rangesSize(test.ranges.length);
    case 'bytes':
      return place + bytesSize(test.value.length, test.mask);
    case 'macs':
      return place + 12;
    case 'prefixes':
      return place + 8 + test.prefixes[0]!.address.length / 2;
    case 'longConnectionId':
      return place + 25 + bytesSize(test.id.length);
    case 'innerIpv4':
      return REACH + 18;
    case 'expression':
      return expressionSize(test.expression);
    case 'rowBits':
    case 'rowList':
    case 'shape':
      return CALL_SIZE;
  }
}

/** One by one, by a search, by a bitmap: see writeNumbers. */
function rangesSize(ranges: number): number {
  return ranges === 1 ? 2 : ranges <= MOST_COMPARED ? 3 * ranges : 12;
}

/** Numbers of 32 bits have no bitmap. */
function wideRangesSize(ranges: number): number {
  return ranges <= 64 ? 3 * ranges : 12;
}

function bytesSize(length: number, mask?: unknown): number {
  const words = Math.floor(length / 8);
  const isMasked = mask instanceof Uint8Array && mask.some((byte) => byte !== 255);
  return words * (isMasked ? 7 : 4) + (length % 8 === 0 ? 0 : (isMasked ? 3 : 2) * 2);
}

/** How many instructions expressions become: they are written to see. */
export function expressionSizes(emit: EmitExpression | undefined): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    let size = known.get(text);
    if (size === undefined) {
      const place = {
        start: FRAME,
        end: END,
        stack: Stack.expression,
        stackEnd: Stack.expressionEnd,
        yes: 'y',
        no: 'n',
        next: 'n',
      };
      const assembler = new Assembler();
      emit?.(assembler, text, place);
      size = assembler.index;
      known.set(text, size);
    }
    return size;
  };
}
