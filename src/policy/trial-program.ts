import { Assembler, Helper, link, R0, R1, R2, R3, R6, XdpAction } from '../ebpf/index.js';
import { BpfMap, programEntry, u32, XdpProgram } from '../kernel/index.js';
import type { RuleProgram } from './rule-program.js';

/** What bpftool and `xdpkit links` call it. */
const PROGRAM_NAME = 'xdpkit_trial';
/** Map of the programs that it chooses from. */
const RULES_MAP = 'trial_rules';
/** Map of the time at which the trial ends: u64, nanoseconds of CLOCK_MONOTONIC. */
const UNTIL_MAP = 'trial_until';
/** In {@link RULES_MAP}. */
const NEW = 0;
const PREVIOUS = 1;

/**
 * Stands before rules that are on trial, and has them judge until a time; from then on the rules before them judge, or all
 * passes where there were none. The kernel itself ends a trial, whatever becomes of the process that waits: it may have been
 * killed, or the operator locked out by the very rules. Who comes later puts a program without trial in its place.
 *
 * The kernel's monotonic clock counts: that of a time namespace (time_namespaces(7)) may be another.
 */
export class TrialProgram implements Disposable {
  readonly program: XdpProgram;
  readonly id: number;
  /** Emptied by the kernel when neither a descriptor nor a pin holds it: then the trial is over, too. */
  readonly rules: BpfMap;
  readonly until: BpfMap;

  private constructor(program: XdpProgram, rules: BpfMap, until: BpfMap) {
    this.program = program;
    this.id = program.info.id;
    this.rules = rules;
    this.until = until;
  }

  /**
   * @param milliseconds from now
   * @param previous rules that judge when the trial is over
   */
  static build(rules: RuleProgram, milliseconds: number, previous?: RuleProgram): TrialProgram {
    const slots = new BpfMap({ kind: 'programArray', name: RULES_MAP, keySize: 4, valueSize: 4, maxEntries: 2 });
    const until = new BpfMap({ kind: 'array', name: UNTIL_MAP, valueSize: 8, maxEntries: 1 });
    try {
      const entries = slots.typed('u32', programEntry);
      entries.set(NEW, rules.program);
      if (previous !== undefined) entries.set(PREVIOUS, previous.program);
      const end = process.hrtime.bigint() + BigInt(Math.round(milliseconds * 1e6));
      until.update(u32(0), new Uint8Array(BigUint64Array.of(end).buffer));
      until.freeze();
      const instructions = link(choosing(), { rules: slots.fd, until: until.fd });
      return new TrialProgram(new XdpProgram({ name: PROGRAM_NAME, instructions }), slots, until);
    } catch (error) {
      slots.close();
      until.close();
      throw error;
    }
  }

  /** The trial of this program, undefined when it is none. Takes the program over if it is. */
  static of(program: XdpProgram): TrialProgram | undefined {
    if (program.name !== PROGRAM_NAME) return undefined;
    const maps = program.info.mapIds.map((id) => BpfMap.openId(id));
    const named = (name: string) => maps.find((map) => map?.info.name === name);
    const [rules, until] = [named(RULES_MAP), named(UNTIL_MAP)];
    if (rules !== undefined && until !== undefined) return new TrialProgram(program, rules, until);
    for (const map of maps) map?.close();
    return undefined;
  }

  /** Milliseconds until the trial is over; not above 0 when it is. */
  get left(): number {
    if (this.newId === undefined) return 0;
    const until = new BigUint64Array(this.until.lookup(u32(0))!.slice().buffer)[0]!;
    return Number(until - process.hrtime.bigint()) / 1e6;
  }

  /** Id of the program on trial. */
  get newId(): number | undefined {
    return this.rules.typed('u32', programEntry).get(NEW);
  }

  /** Id of the program that judges when the trial is over; undefined when the interface had no rules before. */
  get previousId(): number | undefined {
    return this.rules.typed('u32', programEntry).get(PREVIOUS);
  }

  /** Idempotent. */
  close(): void {
    this.program.close();
    this.rules.close();
    this.until.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function choosing() {
  const a = new Assembler();
  a.mov(R6, R1).call(Helper.ktimeGetNs);
  a.mapValue(R1, 'until').load('u64', R1, R1, 0).jump('>=', R0, R1, 'over');
  a.mov(R1, R6).map(R2, 'rules').mov(R3, NEW).call(Helper.tailCall);
  // A tail call that fails goes on behind it.
  a.label('over').mov(R1, R6).map(R2, 'rules').mov(R3, PREVIOUS).call(Helper.tailCall);
  return a.mov(R0, XdpAction.pass).exit().assemble();
}
