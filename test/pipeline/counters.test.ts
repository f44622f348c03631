import { expect, test } from 'vitest';
import { Counters, DROP_REASONS, Drop } from '../../dist/pipeline/index.js';

test('every slot belongs to one counter of one row, and rows do not overlap', () => {
  const counters = new Counters(5, 3);
  counters.slots.forEach((_, slot) => {
    counters.slots[slot] = slot + 1;
  });
  const rows = [
    ...[0, 1, 2, 3, 4].map((socket) => counters.readSocket(socket)),
    ...[0, 1, 2].map((worker) => counters.readWorker(worker)),
  ];
  const values = rows.flatMap((row) => Object.values(row));
  expect(values).toEqual(Array.from({ length: counters.slots.length }, (_, slot) => slot + 1));
});

test('two views of the same memory show the same counts', () => {
  const written = new Counters(2, 1);
  const read = new Counters(2, 1, written.shared);
  written.slots[written.socketRow(1)] = 7;
  written.slots[written.workerRow(0)] = 9;
  expect(Object.values(read.readSocket(1))[0]).toBe(7);
  expect(Object.values(read.readWorker(0))[0]).toBe(9);
  expect(Object.values(read.readSocket(0)).every((count) => count === 0)).toBe(true);
});

test('every reason to drop has an egress of its own, and a counter', () => {
  expect(Object.keys(Drop).toSorted()).toEqual([...DROP_REASONS].toSorted());
  expect(DROP_REASONS.map((reason) => Drop[reason])).toEqual(DROP_REASONS.map((_, i) => -1 - i));
  expect(Object.keys(new Counters(1, 0).readSocket(0))).toEqual(expect.arrayContaining([...DROP_REASONS]));
});
