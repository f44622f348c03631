import { Helper } from '../helpers.js';
import { Fault } from './fault.js';
import type { HelperFunction, Machine } from './machine.js';
import { commitRecord, InterpreterRingBuffer } from './ring-buffer.js';

/** The helpers for ring buffers. */
export const RING_BUFFER_HELPERS: readonly (readonly [number, HelperFunction])[] = [
  [Helper.ringbufOutput, (m) => m.return(ringBuffer(m).output(m.bytes(2, m.u32(3)), m.u64(4)))],
  [
    Helper.ringbufReserve,
    (m) => {
      const ring = ringBuffer(m);
      const record = m.u64(3) === 0 ? ring.reserve(m.u32(2)) : undefined;
      m.returnPointer(record, 'a record of a ring buffer');
    },
  ],
  [Helper.ringbufSubmit, (m) => commit(m, 'submitted')],
  [Helper.ringbufDiscard, (m) => commit(m, 'discarded')],
  [Helper.ringbufQuery, (m) => m.return(ringBuffer(m).query(m.u64(2)))],
];

function ringBuffer(m: Machine): InterpreterRingBuffer {
  const map = m.map(1);
  if (!(map instanceof InterpreterRingBuffer)) throw new Fault('R1 is no ring buffer');
  return map;
}

/** Gives the record that R1 points to back to its ring buffer; the program can't reach it any more. */
function commit(m: Machine, state: 'submitted' | 'discarded'): void {
  const record = m.memory.release(m.words[2]!, m.words[3]!);
  if (record === undefined || !commitRecord(record, state)) throw new Fault('R1 is no record of a ring buffer');
  m.return(0);
}
