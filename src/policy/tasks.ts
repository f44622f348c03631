/** What blocks for longer than an event loop may: it runs on a thread of its own, in the namespace of the interface. */
import { type AttachOptions, attachProgram, refuseTaken } from '../device/index.js';
import type { BpfLink, XdpLink } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import type { RuleSet } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { JudgingRules } from './judging-rules.js';
import { linkOf } from './link-of.js';
import { redirectNotices } from './redirect-notices.js';
import { CarriedCounts } from './rule-counters.js';
import { clearStalePins, RulePins } from './rule-pins.js';
import { RuleProgram } from './rule-program.js';
import { swapRules } from './swap-rules.js';
import { type Outcome, outcomeOf } from './task-outcome.js';
import { TrialProgram } from './trial-program.js';
import { confirmTrial, endOverdueTrials, rollBackTrial } from './trials.js';

export interface ReplaceTask {
  readonly interface: string;
  readonly rules: RuleSet;
  /** Milliseconds that somebody has to confirm the change. */
  readonly confirmWithin?: number | undefined;
}

export interface InstallTask extends ReplaceTask, Pick<AttachOptions, 'mode' | 'force'> {}

export interface Changed {
  readonly notices: readonly string[];
  /** Programs of a change that waits to be confirmed. */
  readonly trial?: { readonly id: number; readonly previousId?: number };
}

export interface Installed extends Changed {
  /** Open descriptors that hold rules on trial: they end with these. Empty if the rules are pinned. */
  readonly held: readonly number[];
}

export const install = (task: InstallTask): Outcome<Installed> => outcomeOf(() => installRules(task));
export const replace = (task: ReplaceTask): Outcome<Changed> => outcomeOf(() => replaceRules(task));
export const confirm = (name: string): Outcome<void> => outcomeOf(() => confirmTrial(name));
export const rollBack = (name: string, trialId: number): Outcome<void> => outcomeOf(() => rollBackTrial(name, trialId));
export const endOverdue = (name?: string): Outcome<string[]> => outcomeOf(() => endOverdueTrials(name));

function installRules({ interface: name, rules, confirmWithin, mode, force }: InstallTask): Installed {
  const notices = [...clearStalePins(), ...endOverdueTrials(name)];
  const link = getLink(name);
  refuseInstalled(link);
  refuseTaken(link, { force });
  const built = RuleProgram.build(rules, link);
  let trial: TrialProgram | undefined;
  let attached: XdpLink | undefined;
  try {
    if (confirmWithin !== undefined) trial = TrialProgram.build(built, confirmWithin);
    attached = attachProgram(trial?.program ?? built.program, link, { mode, force }, notices);
    notices.push(...redirectNotices(rules, link, attached.mode));
    if (!trial) new RulePins(link.name).install(attached, built);
  } catch (error) {
    // Detaches, unless it was pinned: then all is well.
    attached?.close();
    trial?.close();
    built.close();
    throw error;
  }
  if (trial) {
    const open = [attached, built.program, ...built.maps.values(), trial.program, trial.rules, trial.until];
    const held = open.map(({ fd }) => fd);
    return { notices, held, trial: { id: trial.id } };
  }
  attached.close();
  built.close();
  return { notices, held: [] };
}

function refuseInstalled(link: Link): void {
  using there = JudgingRules.on(link);
  if (there === undefined) return;
  if (there.trial !== undefined) throw unconfirmed(link.name);
  throw new XdpError('XDP_ERR_INSTALLED', `rules are installed on ${link.name} already (program ${there.rules.id})`, {
    advice: `xdpkit rules replace ${link.name} FILE puts others in their place`,
  });
}

function replaceRules({ interface: name, rules, confirmWithin }: ReplaceTask): Changed {
  const notices = endOverdueTrials(name);
  const link = getLink(name);
  using judging = JudgingRules.on(link);
  if (judging === undefined) throw notInstalled(link.name);
  if (judging.trial !== undefined) throw unconfirmed(link.name);
  const before = judging.rules;
  using attached = linkOf(link, before.program);
  const pins = new RulePins(link.name);
  using after = RuleProgram.build(rules, link, before);
  using trial = confirmWithin === undefined ? undefined : TrialProgram.build(after, confirmWithin, before);
  pins.prepare(after);
  swapOrAbandon(pins, attached, before, after, trial);
  pins.commit(after, trial);
  notices.push(...redirectNotices(rules, link, link.xdp[0]?.mode === 'generic' ? 'generic' : 'native'));
  return { notices, ...(trial && { trial: { id: trial.id, previousId: before.id } }) };
}

function swapOrAbandon(
  pins: RulePins,
  link: BpfLink,
  before: RuleProgram,
  after: RuleProgram,
  trial: TrialProgram | undefined,
): void {
  try {
    const counts = new CarriedCounts(before, after, 'totals');
    swapRules(link, { from: before.program, to: trial?.program ?? after.program, counts });
  } catch (error) {
    pins.abandon();
    throw error;
  }
}

function unconfirmed(name: string): XdpError {
  return new XdpError('XDP_ERR_INSTALLED', `the rules on ${name} wait to be confirmed`, {
    advice: `xdpkit rules confirm ${name}`,
  });
}

export function notInstalled(name: string): XdpError {
  return new XdpError('XDP_ERR_NOT_INSTALLED', `no rules are installed on ${name}`, {
    advice: `xdpkit rules load ${name} FILE installs them`,
  });
}
