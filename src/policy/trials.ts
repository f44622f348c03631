/** How trials end, under the lock of the pins and in the namespace of the interface. Each takes some 30 ms. */
import { getLink, listLinks } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import { waitForPrograms } from './grace-period.js';
import { JudgingRules } from './judging-rules.js';
import { linkOf } from './link-of.js';
import { CarriedCounts } from './rule-counters.js';
import { RulePins } from './rule-pins.js';
import { RuleProgram } from './rule-program.js';
import { swapRules } from './swap-rules.js';
import type { TrialProgram } from './trial-program.js';

/**
 * Makes rules last that are on trial. Nothing, when none are.
 *
 * @throws XDP_ERR_NOT_CONFIRMED when their time is over: then they are rolled back
 */
export function confirmTrial(name: string): void {
  using judging = JudgingRules.on(getLink(name));
  if (judging?.trial === undefined) return;
  if (judging.isOverdue) {
    end(name, judging.trial);
    throw new XdpError('XDP_ERR_NOT_CONFIRMED', `nobody confirmed the rules on ${name} in time: rolled back`);
  }
  using link = linkOf({ name }, judging.attached);
  link.update(judging.rules.program, judging.attached);
  // A packet may be on its way from the trial to the rules.
  waitForPrograms();
  const pins = new RulePins(name);
  if (!pins.linkIsPinned) pins.install(link, judging.rules);
  pins.forgetTrial();
}

/** Ends the trial whose program has the id `trialId`, in time or not. Nothing, when it has ended already. */
export function rollBackTrial(name: string, trialId: number): void {
  using judging = JudgingRules.on(getLink(name));
  if (judging?.trial?.id === trialId) end(name, judging.trial);
}

/** Tidies up after trials whose time is over, on one interface or on all of the namespace. @returns sentences about it */
export function endOverdueTrials(name?: string): string[] {
  return (name === undefined ? listLinks() : [getLink(name)]).flatMap((link) => {
    using judging = JudgingRules.on(link);
    if (judging?.trial === undefined || !judging.isOverdue) return [];
    const before = end(link.name, judging.trial);
    const now = before ? 'those before them judge again' : 'the interface has none any more';
    return [`nobody confirmed the rules on ${link.name} in time: ${now}`];
  });
}

/** @returns whether there were rules before */
function end(name: string, trial: TrialProgram): boolean {
  using link = linkOf({ name }, trial.program);
  const { newId, previousId } = trial;
  using previous = previousId === undefined ? undefined : RuleProgram.openId(previousId);
  using tried = newId === undefined ? undefined : RuleProgram.openId(newId);
  if (previous === undefined || tried === undefined) {
    link.detach();
    return false;
  }
  swapRules(link, {
    from: trial.program,
    to: previous.program,
    counts: new CarriedCounts(tried, previous, 'own'),
  });
  new RulePins(name).restore(previous);
  return true;
}
