import { XdpProgram } from '../kernel/index.js';
import type { Link } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import { RuleProgram } from './rule-program.js';
import { TrialProgram } from './trial-program.js';

/** The rules that judge on an interface, and the trial that stands before them if they are not confirmed. */
export class JudgingRules implements Disposable {
  /** Of a trial that is over those that were there before; the new ones where there were none. */
  readonly rules: RuleProgram;
  readonly trial: TrialProgram | undefined;

  private constructor(rules: RuleProgram, trial?: TrialProgram) {
    this.rules = rules;
    this.trial = trial;
  }

  /** What the attached program with this id stands for, undefined when it is none of ours. Needs CAP_SYS_ADMIN. */
  static ofProgram(id: number): JudgingRules | undefined {
    const program = openXdp(id);
    const trial = program && TrialProgram.of(program);
    if (trial === undefined) {
      program?.close();
      const rules = RuleProgram.openId(id);
      return rules && new JudgingRules(rules);
    }
    const judging = trial.left > 0 ? trial.newId : (trial.previousId ?? trial.newId);
    const rules = judging === undefined ? undefined : RuleProgram.openId(judging);
    if (rules !== undefined) return new JudgingRules(rules, trial);
    trial.close();
    return undefined;
  }

  /** On an interface, as `link` tells it. */
  static on(link: Link): JudgingRules | undefined {
    for (const { programId } of link.xdp) {
      const found = JudgingRules.ofProgram(programId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The program that is attached. */
  get attached(): XdpProgram {
    return this.trial?.program ?? this.rules.program;
  }

  /** Whether they were not confirmed in time, and nobody has tidied up yet. */
  get isOverdue(): boolean {
    return this.trial !== undefined && this.trial.left <= 0;
  }

  /** Idempotent. */
  close(): void {
    this.rules.close();
    this.trial?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openXdp(id: number): XdpProgram | undefined {
  try {
    return XdpProgram.openId(id);
  } catch (error) {
    // Of another type: ids are used anew.
    if (error instanceof XdpError && error.code === 'XDP_ERR_USAGE') return undefined;
    throw error;
  }
}
