import { R1, R2, R10 } from '../../ebpf/index.js';
import type { ExpressionTest, LengthTest, MacsTest, NoteTest, PacketTest, PrefixesTest } from './packet-test.js';
import { END, FRAME, POINTERS, type RuleCode, Stack, type Targets } from './rule-code.js';
import { writeBytes } from './write-bytes.js';
import { writeExpression } from './write-expression.js';
import { writeField } from './write-field.js';
import { writeInnerIpv4 } from './write-inner.js';
import { writeLongConnectionId } from './write-connection-id.js';
import { writeNumbers } from './write-numbers.js';
import { reachPlace } from './write-place.js';

/** Writes one test. It uses R0 to R5. */
export function writeTest(code: RuleCode, test: PacketTest, targets: Targets): void {
  switch (test.kind) {
    case 'class':
      code.a.load('u16', R1, R10, Stack.packetClass);
      return code.decide('&', R1, test.classes, targets);
    case 'present':
      reachPlace(code, test, 0, targets.no);
      return code.settle('yes', targets);
    case 'field':
      return writeField(code, test, targets);
    case 'bytes':
      return writeBytes(code, test, targets);
    case 'prefixes':
      return writePrefixes(code, test, targets);
    case 'macs':
      return writeMacs(code, test, targets);
    case 'length':
      return writeLength(code, test, targets);
    case 'note':
      return writeNote(code, test, targets);
    case 'longConnectionId':
      return writeLongConnectionId(code, test, targets);
    case 'innerIpv4':
      return writeInnerIpv4(code, test, targets);
    case 'expression':
      return writeExpressionTest(code, test, targets);
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

/** A key of the trie: bits that count, list, address. */
function writePrefixes(code: RuleCode, test: PrefixesTest, targets: Targets): void {
  const { map, list } = code.maps.prefixes(test.prefixes);
  const size = test.prefixes[0]!.address.length;
  const pointer = reachPlace(code, test, size, targets.no);
  code.a.store('u32', R10, Stack.setKey, 32 + 8 * size).store('u32', R10, Stack.setKey + 4, list);
  for (let at = 0; at < size; at += 4) {
    code.a.load('u32', R1, pointer, test.offset + at).store('u32', R10, Stack.setKey + 8 + at, R1);
  }
  code.lookUp(map, Stack.setKey);
  code.decideFound(targets);
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

function writeExpressionTest(code: RuleCode, { expression }: ExpressionTest, targets: Targets): void {
  const { emitExpression = writeExpression } = code.options;
  emitExpression(code.a, expression, {
    start: POINTERS.frame,
    end: END,
    stack: Stack.expression,
    stackEnd: Stack.expressionEnd,
    yes: targets.yes,
    no: targets.no,
  });
}

