import { R1, R2, R10 } from '../../ebpf/index.js';
import { XdpError } from '../../sys/index.js';
import type { ExpressionTest, LengthTest, MacsTest, NoteTest, PacketTest } from './packet-test.js';
import { END, FRAME, POINTERS, type RuleCode, Stack, type Targets } from './rule-code.js';
import { writeBytes } from './write-bytes.js';
import { writeLongConnectionId } from './write-connection-id.js';
import { writeField } from './write-field.js';
import { writeInnerIpv4 } from './write-inner.js';
import { writeNumbers } from './write-numbers.js';
import { reachPlace } from './write-place.js';
import { writePrefixes } from './write-prefixes.js';
import { writeRowBits, writeRowList, writeShapeCall } from './write-row.js';

/** Writes one test. It uses R0 to R5. */
export function writeTest(code: RuleCode, test: PacketTest, targets: Targets): void {
  switch (test.kind) {
    case 'class':
      code.a.load('u16', R1, R10, Stack.packetClass);
      code.decide('&', R1, test.classes, targets);
      return;
    case 'present':
      reachPlace(code, test, 0, targets.no);
      code.settle('yes', targets);
      return;
    case 'field':
      writeField(code, test, targets);
      return;
    case 'bytes':
      writeBytes(code, test, targets);
      return;
    case 'prefixes':
      writePrefixes(code, test, targets);
      return;
    case 'macs':
      writeMacs(code, test, targets);
      return;
    case 'length':
      writeLength(code, test, targets);
      return;
    case 'note':
      writeNote(code, test, targets);
      return;
    case 'longConnectionId':
      writeLongConnectionId(code, test, targets);
      return;
    case 'innerIpv4':
      writeInnerIpv4(code, test, targets);
      return;
    case 'expression':
      writeExpression(code, test, targets);
      return;
    case 'rowBits':
      writeRowBits(code, test, targets);
      return;
    case 'rowList':
      writeRowList(code, test, targets);
      return;
    case 'shape':
      writeShapeCall(code, test, targets);
      return;
  }
}

function writeLength(code: RuleCode, { ranges }: LengthTest, targets: Targets): void {
  code.a.mov(R1, END).alu('-', R1, FRAME);
  writeNumbers(code, R1, ranges, 16, targets, { beyond: true });
}

function writeNote(code: RuleCode, { note, ranges }: NoteTest, targets: Targets): void {
  code.a.load('u8', R1, R10, Stack[note]);
  writeNumbers(code, R1, ranges, 8, targets);
}

function writeMacs(code: RuleCode, test: MacsTest, targets: Targets): void {
  const { map, list } = code.maps.macs(test.macs);
  const pointer = reachPlace(code, test, 6, targets.no);
  code.a.load('u32', R1, pointer, test.offset).load('u16', R2, pointer, test.offset + 4);
  code.a.store('u32', R10, Stack.setKey, R1).store('u16', R10, Stack.setKey + 4, R2);
  code.a.store('u16', R10, Stack.setKey + 6, list);
  code.lookUp(map, Stack.setKey);
  code.decideFound(targets);
}

function writeExpression(code: RuleCode, { expression }: ExpressionTest, targets: Targets): void {
  const { emitExpression } = code.options;
  if (emitExpression === undefined) {
    throw new XdpError('XDP_ERR_USAGE', `the expression ${JSON.stringify(expression)} can't be compiled here`, {
      advice: 'give compileRules an emitExpression',
    });
  }
  emitExpression(code.a, expression, {
    start: POINTERS.frame,
    end: END,
    stack: Stack.expression,
    stackEnd: Stack.expressionEnd,
    yes: targets.yes,
    no: targets.no,
    next: targets[targets.next],
  });
}
