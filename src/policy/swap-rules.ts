import type { BpfLink } from '../kernel/index.js';
import { waitForPrograms } from './grace-period.js';
import { CarriedCounts } from './rule-counters.js';
import type { RuleProgram } from './rule-program.js';

/**
 * Puts rules in the place of others: each packet is judged by the one set or the other. Blocks for some 30 ms.
 *
 * Counts are taken over twice. Before the change, so that no reader ever finds the new rules without them; and once more when
 * the last packet that the old rules have judged is counted. What they counted in between is missing until then.
 *
 * @throws XDP_ERR_FOREIGN_PROGRAM when the link has other rules than `from`, XDP_ERR_INTERFACE_GONE
 */
export function swapRules(link: BpfLink, from: RuleProgram, to: RuleProgram): void {
  const carried = new CarriedCounts(from, to);
  carried.take();
  link.update(to.program, from.program);
  waitForPrograms();
  carried.take();
}
