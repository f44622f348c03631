import {
  type Assembled,
  Assembler,
  Helper,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  XdpAction,
  XdpContext,
} from '../../ebpf/index.js';
import { type Expression, emitExpression } from '../../rules/index.js';

/** Fields of a record, in host order, and where the frame's bytes follow. */
export const WatchRecord = { time: 0, queue: 8, length: 12, frame: 16 } as const;
/** Bytes of a frame in a small and in a large record: most packets have fewer than the one; Initials at least 1,200. */
const SMALL = 256;
export const LARGE = 2048;

const CONTEXT = -8;

/**
 * Copies the frames that an expression matches into a ring buffer (map `records`), and passes all of them to the host. Frames for
 * which the ring has no room are counted (map `lost`: one u64). Linux 5.18.
 */
export function watchProgram(expression: Expression): Assembled {
  const a = new Assembler();
  // R6, R7: the frame, as expressions want it; then R6 the context, R7 the record, R8 the frame's length, R9 what of it is kept.
  a.store('u64', R10, CONTEXT, R1);
  a.load('u32', R6, R1, XdpContext.data).load('u32', R7, R1, XdpContext.dataEnd);
  emitExpression(a, expression, { match: 'match', noMatch: 'pass', next: 'match' }, { stack: CONTEXT });
  a.label('match').load('u64', R6, R10, CONTEXT);
  a.mov(R1, R6).call(Helper.xdpGetBuffLen).mov(R8, R0).mov(R9, R0);
  // Written so that Linux 6.1 sees that there is something to copy: of `== 0` it learns nothing for the other case.
  a.jump('<', R9, 1, 'pass').jump('>', R9, SMALL, 'large');
  writeRecord(a, SMALL);
  a.label('large').jump('<=', R9, LARGE, 'fits').mov(R9, LARGE).label('fits');
  writeRecord(a, LARGE);
  a.label('lost').mapValue(R1, 'lost').mov(R2, 1).atomic('add', 'u64', R1, 0, R2);
  a.label('pass').mov(R0, XdpAction.pass).exit();
  return a.assemble();
}

/** A record's size has to be a constant; R9 is not above it. */
function writeRecord(a: Assembler, size: number): void {
  a.map(R1, 'records')
    .mov(R2, WatchRecord.frame + size)
    .mov(R3, 0);
  a.call(Helper.ringbufReserve).jump('==', R0, 0, 'lost').mov(R7, R0);
  a.call(Helper.ktimeGetNs).store('u64', R7, WatchRecord.time, R0);
  a.load('u32', R1, R6, XdpContext.rxQueueIndex).store('u32', R7, WatchRecord.queue, R1);
  a.store('u32', R7, WatchRecord.length, R8);
  a.mov(R1, R6).mov(R2, 0).mov(R3, R7).alu('+', R3, WatchRecord.frame).mov(R4, R9).mov(R5, 0);
  a.call(Helper.xdpLoadBytes);
  a.mov(R1, R7).mov(R2, 0).call(Helper.ringbufSubmit).goto('pass');
}
