import { Assembler, Helper, link, R1, R2, R3, XdpAction, XdpContext } from '../ebpf/index.js';

/**
 * Every frame goes to the socket of the queue it came in by; on a queue without one it goes to the host. (The third
 * argument of bpf_redirect_map is the action when the map has no such entry.)
 */
export function redirectProgram(sockets: { readonly fd: number }): Uint8Array {
  const a = new Assembler();
  a.load('u32', R2, R1, XdpContext.rxQueueIndex);
  a.map(R1, 'sockets').mov(R3, XdpAction.pass);
  a.call(Helper.redirectMap).exit();
  return link(a.assemble(), { sockets: sockets.fd });
}
