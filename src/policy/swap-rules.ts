import type { BpfLink, XdpProgram } from '../kernel/index.js';
import { waitForPrograms } from './grace-period.js';
import type { CarriedCounts } from './rule-counters.js';

/** Programs as they are attached: rules, or the trial that stands before them. */
export interface Swap {
  readonly from: XdpProgram;
  readonly to: XdpProgram;
  readonly counts: CarriedCounts;
}

/**
 * Puts rules in the place of others: each packet is judged by the one set or the other. Blocks for some 30 ms.
 *
 * Counts are taken over twice. Before the change, so that no reader ever finds the new rules without them; and once more when
 * the last packet that the old rules have judged is counted. What they counted in between is missing until then.
 *
 * @throws XDP_ERR_FOREIGN_PROGRAM when the link has another program than `from`, XDP_ERR_INTERFACE_GONE
 */
export function swapRules(link: BpfLink, { from, to, counts }: Swap): void {
  counts.take();
  link.update(to, from);
  waitForPrograms();
  counts.take();
}
