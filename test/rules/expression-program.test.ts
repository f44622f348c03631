// needs: scapy
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Assembler,
  disassemble,
  Interpreter,
  InterpreterProgram,
  link,
  R0,
  R1,
  R6,
  R7,
  XdpAction,
  XdpContext,
} from '../../dist/ebpf/index.js';
import { TestRun, XdpProgram } from '../../dist/kernel/index.js';
import { emitExpression, matchesExpression, parseExpression } from '../../dist/rules/expression/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { arbitraryExpression } from './arbitrary-expression.js';
import { captureFrames } from './expression-capture.js';
import { CORPUS } from './expression-corpus.js';

failOnLeaks();

const { whole, cut } = captureFrames();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const RANDOM = LONG ? 5000 : 50;
/** Of the frames that are cut off every tenth, or all: expressions take turns, so that each frame meets some of them. */
const STEP = LONG ? 1 : 10;
let turn = 0;

/** The kernel runs programs on a whole Ethernet header at least. */
function framesInTurn(): Uint8Array[] {
  turn++;
  return [...whole, ...cut.filter((frame, i) => frame.length >= 14 && (i + turn) % STEP === 0)];
}

/** Drops what matches, passes what does not. */
function programOf(text: string): Uint8Array {
  const a = new Assembler();
  a.load('u32', R6, R1, XdpContext.data).load('u32', R7, R1, XdpContext.dataEnd);
  emitExpression(a, parseExpression(text), { match: 'match', noMatch: 'no match', next: 'match' });
  a.label('match').mov(R0, XdpAction.drop).exit();
  a.label('no match').mov(R0, XdpAction.pass).exit();
  return link(a.assemble());
}

/** The first frame about which kernel, interpreter and evaluator don't agree. */
function disagreement(text: string): string | undefined {
  const expression = parseExpression(text);
  const instructions = programOf(text);
  using program = new XdpProgram({ name: 'expression', instructions });
  const kernel = new TestRun(program);
  const interpreter = new Interpreter(new InterpreterProgram(instructions));
  for (const frame of framesInTurn()) {
    const action = matchesExpression(expression, frame) ? XdpAction.drop : XdpAction.pass;
    const other = interpreter.run(frame).action;
    const ran = kernel.run(frame).action;
    if (ran !== action || other !== action) {
      return `${text}: kernel ${ran}, interpreter ${other}, not ${action}: ${Buffer.from(frame).toString('hex')}`;
    }
  }
  return undefined;
}

test.for(Object.entries(CORPUS))(
  '%s: compiled as evaluated',
  { timeout: patient(LONG ? 600_000 : 30_000) },
  ([, expressions]) => {
    expect(expressions.map(disagreement).filter((each) => each !== undefined)).toEqual([]);
  },
);

test(
  'random expressions: compiled as evaluated',
  () => {
    const property = fc.property(arbitraryExpression, (text) => {
      try {
        parseExpression(text);
      } catch {
        // A division by zero.
        return;
      }
      expect(disagreement(text)).toBeUndefined();
    });
    fc.assert(property, { numRuns: RANDOM });
  },
  30_000 + RANDOM * 200,
);

test('what is known already is not asked for again', () => {
  const program = disassemble(programOf('ip and tcp[13] = 2 and not ip6 and len > 20'));
  const types = program.filter(({ text }) => text.includes('*(u16 *)(r6 + 12)'));
  expect(types).toHaveLength(1);
});
