import { release } from 'node:os';
import { Assembler, Helper, link, R1, R2, R3, XdpAction, XdpContext } from '../../dist/ebpf/index.js';
import { XdpLink, XdpProgram, XskMap } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab, type Link } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { openXskSocket, type Umem, type XskSocket, type XskSocketOptions } from '../../dist/xsk/index.js';
import { FarEnd } from '../kernel/far-end.js';

const [major = 0, minor = 0, patch = 0] = release().split(/[.-]/).map(Number);

/** Whether the kernel lets a socket choose how many frames one call sends: Linux 6.17. */
export const hasTxBudget = major > 6 || (major === 6 && minor >= 17);

/** Whether the kernel has TX metadata, and wants to be told of them: Linux 6.11. */
export const hasTxMetadata = major > 6 || (major === 6 && minor >= 11);

/** Whether frames of a packet that can't be sent come back, as far as it is known: Linux 6.18.44. */
export const reclaims = major === 6 && minor === 18 && patch >= 44;

interface WireOptions {
  readonly queues?: number;
  readonly lab?: Lab;
  readonly name?: string;
  /** An MTU of 9000, and a program that copes with it. Default: 3000. */
  readonly fragments?: boolean | undefined;
}

/** A veth pair whose near end gives every frame to AF_XDP sockets, and whose far end is at hand. */
export class Wire implements Disposable {
  readonly lab: Lab;
  readonly netns: string;
  readonly farNetns: string;
  readonly link: Link;
  readonly far: FarEnd;
  readonly sockets: XskMap;
  readonly #attached: XdpLink;

  constructor(options: WireOptions = {}) {
    const { queues = 1, lab = createLab('xsk'), name = 'port0', fragments = false } = options;
    this.lab = lab;
    this.netns = lab.namespace('near');
    this.farNetns = lab.namespace(`far-${name}`);
    const [near, peer] = [this.netns, this.farNetns].map((netns) => ({ netns, queues, mtu: fragments ? 9000 : 3000 }));
    lab.veth({ ...near!, name, peer: { ...peer!, name: 'eth0' } });
    this.link = getLink(name, { netns: this.netns });
    this.far = new FarEnd(getLink('eth0', { netns: this.farNetns }).index, this.farNetns);
    this.sockets = new XskMap('test_sockets', 64);
    const a = new Assembler();
    a.load('u32', R2, R1, XdpContext.rxQueueIndex).map(R1, 'sockets').mov(R3, XdpAction.drop);
    a.call(Helper.redirectMap).exit();
    const instructions = link(a.assemble(), { sockets: this.sockets.fd });
    using program = new XdpProgram({ name: 'test_redirect', instructions, fragments });
    this.#attached = withNamespace<XdpLink>(this.netns, () => XdpLink.attach(program, this.link, 'native'));
  }

  /** A socket on this wire, entered into the map for its queue if it receives: Linux 7.2 refuses others (ENOBUFS). */
  open(umem: Umem, options: Partial<Omit<XskSocketOptions, 'umem' | 'interface'>> = {}): XskSocket {
    const whole = { queue: 0, ...options, umem, interface: this.link };
    const socket = withNamespace<XskSocket>(this.netns, () => openXskSocket(whole));
    if (options.beside === undefined && options.rxSize !== 0) this.sockets.set(socket.queue, socket.fd);
    return socket;
  }

  [Symbol.dispose](): void {
    this.#attached.close();
    this.sockets.close();
    this.far.close();
    this.lab.close();
  }
}
