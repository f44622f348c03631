import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { run, succeed } from './running.js';
import { PORTS } from './test-bed.js';

/**
 * Two hosts that nothing on this machine leads to: their namespaces are held only by a mount outside /run/netns, with no
 * process inside, as those of containers of another runtime are. So nobody can switch their offloads.
 */
export class HiddenHosts implements AsyncDisposable {
  /** Where the ports are. */
  readonly netns: string;
  /** Namespaces of the hosts. */
  readonly hosts: readonly [string, string];
  readonly addresses = [
    { v4: '10.9.0.1', v6: '2001:db8:9::1' },
    { v4: '10.9.0.2', v6: '2001:db8:9::2' },
  ] as const;
  readonly #lab: Lab;
  readonly #directory: string;

  private constructor() {
    this.#lab = createLab('hidden');
    this.#directory = mkdtempSync(join(tmpdir(), 'xdpkit-e2e-'));
    this.hosts = [join(this.#directory, 'host0'), join(this.#directory, 'host1')];
    this.netns = this.#lab.namespace('bridge');
  }

  static async open(options: { readonly mtu?: number } = {}): Promise<HiddenHosts> {
    const made = new HiddenHosts();
    try {
      for (const i of [0, 1] as const) await made.#host(i, options);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lab.close();
    for (const file of this.hosts) await run(['umount', file]);
    rmSync(this.#directory, { recursive: true });
  }

  async #host(i: 0 | 1, options: { readonly mtu?: number }): Promise<void> {
    const file = this.hosts[i];
    const { v4, v6 } = this.addresses[i];
    await succeed(['touch', file]);
    await succeed(['unshare', `--net=${file}`, 'true']);
    const peer = { name: 'eth0', netns: file, addresses: [`${v4}/24`, `${v6}/64`], ...options };
    this.#lab.veth({ name: PORTS[i], netns: this.netns, peer, ...options });
  }
}

/** Packets that a host dropped for a wrong checksum: `InCsumErrors` of UDP and TCP. */
export async function badChecksums(host: string): Promise<number> {
  const counters = await succeed(['cat', '/proc/net/snmp', '/proc/net/snmp6'], { netns: host });
  const of = (protocol: string) => {
    const [names = [], values = []] = counters
      .split('\n')
      .filter((line) => line.startsWith(`${protocol}:`))
      .map((line) => line.split(' '));
    return Number(values[names.indexOf('InCsumErrors')]);
  };
  return of('Udp') + of('Tcp') + Number(/^Udp6InCsumErrors\s+(\d+)/m.exec(counters)?.[1]);
}
