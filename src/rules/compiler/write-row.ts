import { R0, R1, R2, R3, R4, R10 } from '../../ebpf/index.js';
import type { RowBitsTest, RowListTest, ShapeTest } from './packet-test.js';
import { END, FRAME, loadRow, type RuleCode, Stack, type Targets } from './rule-code.js';
import { loadField } from './write-field.js';
import { reachPlace } from './write-place.js';

/** Calls the function of a shape, which finds the pointers anew. */
export function writeShapeCall(code: RuleCode, { name, row }: ShapeTest, targets: Targets): void {
  const { a } = code;
  a.load('u64', R1, R10, Stack.context).load('u64', R2, R10, Stack.notes).load('u64', R3, R10, Stack.offsets);
  a.mov(R4, row).callLocal(name);
  code.decide('!=', R0, 0, targets);
}

/** See `writeNumbers`, which has the bitmap's place in the program. */
export function writeRowBits(code: RuleCode, { number, map, row }: RowBitsTest, targets: Targets): void {
  const { a } = code;
  if (number.kind === 'field') {
    loadField(code, number, targets.no);
  } else {
    a.mov(R1, END).alu('-', R1, FRAME).jump('>', R1, 0xffff, targets.no);
  }
  loadRow(code, R3, 'u32', row);
  a.mov(R2, R1).alu('>>', R2, 6).alu('<<', R2, 3).alu('+', R3, R2);
  a.jump('>', R3, code.maps.bitmapBytes(map) - 8, targets.no);
  a.mapValue(R2, map, 0).alu('+', R2, R3).load('u64', R3, R2).alu('>>', R3, R1);
  code.decide('&', R3, 1, targets);
}

/** See `writePrefixes` and `writeMacs`, which have the list's number in the program. */
export function writeRowList(code: RuleCode, test: RowListTest, targets: Targets): void {
  const { a } = code;
  const { size, offset, map, row } = test;
  const pointer = reachPlace(code, test, size, targets.no);
  if (size === 6) {
    a.load('u32', R1, pointer, offset).load('u16', R2, pointer, offset + 4);
    a.store('u32', R10, Stack.setKey, R1).store('u16', R10, Stack.setKey + 4, R2);
    loadRow(code, R1, 'u16', row);
    a.store('u16', R10, Stack.setKey + 6, R1);
  } else {
    loadRow(code, R1, 'u32', row);
    a.store('u32', R10, Stack.setKey, 32 + 8 * size).store('u32', R10, Stack.setKey + 4, R1);
    for (let at = 0; at < size; at += 4) {
      a.load('u32', R1, pointer, offset + at).store('u32', R10, Stack.setKey + 8 + at, R1);
    }
  }
  code.lookUp(map, Stack.setKey);
  code.decideFound(targets);
}
