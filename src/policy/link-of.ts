import { allLinks, BpfLink } from '../kernel/index.js';
import type { Link } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import type { RuleProgram } from './rule-program.js';

/** The link by which rules are attached, pinned or not. */
export function linkOf({ name }: Pick<Link, 'name'>, { id }: RuleProgram): BpfLink {
  for (const { id: linkId, programId, target } of allLinks()) {
    if (programId !== id || target.kind !== 'xdp') continue;
    const link = BpfLink.openId(linkId);
    if (link !== undefined) return link;
  }
  throw new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away, or somebody took its rules off`);
}
