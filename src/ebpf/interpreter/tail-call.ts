import { Fault } from './fault.js';
import { type Operation, SWITCHED } from './machine.js';
import { InterpreterProgramArray } from './program-array.js';

/** bpf_tail_call: goes on in another program, or, where there is none or were too many, in this one. */
export function tailCall(next: number): Operation {
  return (m) => {
    const map = m.map(2);
    if (!(map instanceof InterpreterProgramArray)) throw new Fault('R2 is no program array');
    const program = map.program(m.u32(3));
    const gone = program !== undefined && m.tailCall(program);
    if (!gone) m.loseArguments();
    return gone ? SWITCHED : next;
  };
}
