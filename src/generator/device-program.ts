import type { Device } from '../device/index.js';
import { type Assembled, link } from '../ebpf/index.js';
import { allLinks, BpfLink, XdpProgram } from '../kernel/index.js';
import { getLink } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';

/**
 * Puts another program in the place of the one that a device came with: it names the device's map `sockets`. Needs
 * CAP_SYS_ADMIN.
 */
export function replaceProgram(device: Device, netns: string | undefined, program: Assembled): void {
  const { index, name } = device.link;
  const attached = new Set(getLink(index, { netns }).xdp.map(({ programId }) => programId));
  const held = [...allLinks()].find(({ target, programId }) => target.kind === 'xdp' && attached.has(programId));
  using owner = held && BpfLink.openId(held.id);
  if (owner === undefined) throw new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away while it was in use`);
  using replacement = new XdpProgram({
    name: 'xdpkit_receive',
    instructions: link(program, { sockets: device.sockets.fd }),
  });
  owner.update(replacement);
}
