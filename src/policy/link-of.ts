import { allLinks, BpfLink, type XdpProgram } from '../kernel/index.js';
import type { Link } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';

/** The link by which one of our programs is attached, pinned or not. */
export function linkOf({ name }: Pick<Link, 'name'>, program: XdpProgram): BpfLink {
  const { id } = program.info;
  for (const { id: linkId, programId, target } of allLinks()) {
    if (programId !== id || target.kind !== 'xdp') continue;
    const link = BpfLink.openId(linkId);
    if (link !== undefined) return link;
  }
  throw new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away, or somebody took its rules off`);
}
