import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { createLab, getFeatures, getLink, type Lab } from '../../dist/netdev/index.js';
import { DROP_REASONS } from '../../dist/pipeline/index.js';
import { jsonLines, type SummaryLine, summaryOf } from './json-lines.js';
import { type Ending, Running, type RunOptions, run, succeed, XDPKIT } from './running.js';

export const PORTS = ['port0', 'port1'] as const;
const JOURNALS = '/run/xdpkit/offloads';

/** Queues of the two sides. */
export type Shape = readonly [number, number];

/** Two hosts, and between them a namespace with the ports that a bridge takes. */
export class TestBed implements Disposable {
  readonly lab: Lab;
  /** Where the ports are. */
  readonly netns: string;
  /** Namespaces of the hosts; the interface of each is eth0. */
  readonly hosts: readonly [string, string];
  readonly addresses = [
    { v4: '10.8.0.1', v6: '2001:db8:8::1' },
    { v4: '10.8.0.2', v6: '2001:db8:8::2' },
  ] as const;

  constructor(shape: Shape = [1, 1], options: { readonly mtu?: number } = {}) {
    this.lab = createLab('e2e');
    try {
      this.netns = this.lab.namespace('bridge');
      const host = (i: 0 | 1) => {
        const { v4, v6 } = this.addresses[i];
        const port = { name: PORTS[i], netns: this.netns, queues: shape[i], ...options };
        return this.lab.host(`host${i}`, { addresses: [`${v4}/24`, `${v6}/64`], queues: shape[i], port, ...options })
          .netns;
      };
      this.hosts = [host(0), host(1)];
    } catch (error) {
      this.lab.close();
      throw error;
    }
  }

  /** Everything that a bridge changes, of the four interfaces. */
  state(): object {
    const places = [
      ...PORTS.map((name) => [name, this.netns] as const),
      ...this.hosts.map((at) => ['eth0', at] as const),
    ];
    return places.map(([name, netns]) => {
      const { promiscuity, xdp, up, mtu } = getLink(name, { netns });
      return { name, netns, promiscuity, xdp, up, mtu, features: Object.fromEntries(getFeatures(name, { netns })) };
    });
  }

  /** Permanent neighbour entries: a host that has asked in vain while nobody bridged does not ask again at once. */
  async introduce(): Promise<void> {
    for (const [i, netns] of this.hosts.entries()) {
      const { mac } = getLink('eth0', { netns: this.hosts[1 - i] });
      for (const address of Object.values(this.addresses[1 - i]!)) {
        await succeed(['ip', 'neigh', 'replace', address, 'lladdr', mac!, 'dev', 'eth0', 'nud', 'permanent'], {
          netns,
        });
      }
    }
  }

  programs(): object[] {
    return PORTS.flatMap((name) => getLink(name, { netns: this.netns }).xdp);
  }

  /** Starts `xdpkit bridge port0 port1 --json` and waits until it says that it runs. */
  bridge(...options: readonly string[]): Promise<RunningBridge> {
    return this.bridgeOf(PORTS, ...options);
  }

  async bridgeOf(interfaces: readonly string[], ...options: readonly string[]): Promise<RunningBridge> {
    const bridge = new RunningBridge([...interfaces, ...options], { netns: this.netns });
    await bridge.started();
    return bridge;
  }

  /** `xdpkit bridge` with these arguments, to its end. */
  refused(...args: readonly string[]): Promise<Ending> {
    return run([...XDPKIT, 'bridge', ...args], { netns: this.netns });
  }

  close(): void {
    this.lab.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A child process `xdpkit bridge … --json`. */
export class RunningBridge extends Running {
  constructor(args: readonly string[], options: RunOptions = {}) {
    super([...XDPKIT, 'bridge', ...args, '--json'], options);
  }

  async started(): Promise<void> {
    try {
      await this.says(/"type":"start".*\n/);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends it in order, and checks its account of every frame. */
  async stop(): Promise<SummaryLine> {
    this.kill('SIGTERM');
    const { status, stdout, stderr } = await this.end(20_000);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    jsonLines(stdout);
    const summary = summaryOf(stdout);
    expectWhole(summary);
    expect(journalsOf(this.pid)).toEqual([]);
    return summary;
  }
}

/** Every frame has an owner, every packet has gone on or is counted as dropped, and the kernel refused nothing. */
export function expectWhole({ audits, last }: SummaryLine): void {
  expect(audits.length).toBeGreaterThan(0);
  for (const { frames, free, inRings, inKernel, lost, duplicated } of audits) {
    expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
    expect(free + inRings + inKernel).toBe(frames);
  }
  for (const [i, { total }] of last.ports.entries()) {
    const out = last.ports[1 - i]!.total;
    const dropped = DROP_REASONS.reduce((sum, reason) => sum + total[reason], 0);
    expect(total.rxPackets).toBe(out.txPackets + dropped);
    expect(total.kernelInvalidDescriptors).toBe(0);
    expect(total.inTx).toBe(0);
  }
}

/** Journals of switched offloads that a process has left. */
export function journalsOf(pid: number): string[] {
  return journals().filter((name) => name.startsWith(`${pid}-`) && !OLD_JOURNALS.has(name));
}

function journals(): string[] {
  return existsSync(JOURNALS) ? readdirSync(JOURNALS) : [];
}

/** A killed process leaves one for whoever comes next into its namespace. Process numbers come back before that. */
const OLD_JOURNALS = new Set(journals());
