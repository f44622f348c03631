import { spawnSync } from 'node:child_process';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { namespacePath } from '../../dist/sys/index.js';

export interface Host {
  readonly netns: string;
  readonly v4: string;
  readonly v6: string;
}

/** Two hosts in namespaces, each at the other end of one of the guest's NICs. */
export class Network implements Disposable {
  readonly #lab: Lab;
  /** Where QEMU runs, and opens the taps. */
  readonly netns: string;
  readonly taps: readonly string[];
  readonly hosts: readonly [Host, Host];
  readonly #mtu: number;

  /** @param multiQueue whether the taps have a queue for each of the NIC's */
  constructor({ multiQueue, mtu }: { multiQueue: boolean; mtu: number }) {
    this.#lab = createLab('vm');
    this.#mtu = mtu;
    try {
      this.netns = this.#lab.namespace('qemu');
      this.taps = ['tap0', 'tap1'];
      for (const tap of this.taps) {
        const queues = multiQueue ? ['multi_queue'] : [];
        ip(this.netns, 'tuntap', 'add', 'dev', tap, 'mode', 'tap', 'vnet_hdr', ...queues);
      }
      this.hosts = [
        { netns: this.#lab.namespace('host0'), v4: '10.8.0.1', v6: '2001:db8:8::1' },
        { netns: this.#lab.namespace('host1'), v4: '10.8.0.2', v6: '2001:db8:8::2' },
      ];
    } catch (error) {
      this.#lab.close();
      throw error;
    }
  }

  /** Gives the taps to the hosts, once QEMU has opened them. */
  plug(): void {
    for (const [i, { netns, v4, v6 }] of this.hosts.entries()) {
      ip(this.netns, 'link', 'set', this.taps[i]!, 'netns', netns, 'name', 'eth0');
      ip(netns, 'link', 'set', 'eth0', 'mtu', `${this.#mtu}`, 'up');
      ip(netns, 'address', 'add', `${v4}/24`, 'dev', 'eth0');
      ip(netns, 'address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad');
    }
  }

  [Symbol.dispose](): void {
    // A tap goes with its namespace.
    this.#lab.close();
  }
}

function ip(netns: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('nsenter', [`--net=${namespacePath(netns)}`, '--', 'ip', ...args], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (status !== 0) throw new Error(`ip ${args.join(' ')} in ${netns}: ${error?.message ?? stderr}`);
}
