import { Assembler, link, R0, XdpAction } from '../../dist/ebpf/index.js';
import { Generator, type GeneratorOptions, type SendCounts } from '../../dist/generator/index.js';
import { XdpLink, XdpProgram } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { FarEnd } from '../kernel/far-end.js';

export const NEAR = 'port0';
export const FAR = 'eth0';

/** A veth pair: a port to send from, and the other end in a namespace of its own. */
export class WirePair implements Disposable {
  readonly lab: Lab;
  readonly netns: string;
  readonly farNetns: string;

  constructor({ queues = 1, mtu = 1500, addresses = [] as readonly string[] } = {}) {
    this.lab = createLab('generator');
    this.netns = this.lab.namespace('near');
    this.farNetns = this.lab.namespace('far');
    const near = { name: NEAR, netns: this.netns, queues, mtu };
    this.lab.veth({ ...near, peer: { name: FAR, netns: this.farNetns, queues, mtu, addresses } });
  }

  /** The other end as a bare wire. */
  farEnd(): FarEnd {
    return new FarEnd(getLink(FAR, { netns: this.farNetns }).index, this.farNetns);
  }

  /** A program on the other end that passes everything: without one a veth takes no live frames. */
  takeLiveFrames(): XdpLink {
    const instructions = link(new Assembler().mov(R0, XdpAction.pass).exit().assemble());
    using program = new XdpProgram({ name: 'pass', instructions });
    const target = getLink(FAR, { netns: this.farNetns });
    return withNamespace<XdpLink>(this.farNetns, () => XdpLink.attach(program, target, 'native'));
  }

  /** A generator, from its beginning to its end. */
  async send(traffic: GeneratorOptions['traffic'], options: Partial<GeneratorOptions> = {}): Promise<SendCounts> {
    const generator = await Generator.open({ interface: NEAR, netns: this.netns, traffic, ...options });
    try {
      generator.start();
      await generator.finished;
    } finally {
      await generator.close();
    }
    return generator.sample();
  }

  [Symbol.dispose](): void {
    this.lab.close();
  }
}
