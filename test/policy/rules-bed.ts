import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PinDirectory } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import type { RuleSet } from '../../dist/rules/index.js';
import { type Ending, run, XDPKIT } from '../e2e/running.js';

/** Rules that leave pings unanswered, and such that have them answered. */
export const NO_PING: RuleSet = {
  rules: [
    { name: 'arp', match: { type: 'ether-type', value: 0x0806 }, action: 'count' },
    { name: 'no-ping', match: { expression: 'icmp[icmptype] = icmp-echo' }, action: 'drop' },
  ],
};
export const PING: RuleSet = {
  rules: [{ name: 'no-ping', match: { expression: 'icmp[icmptype] = icmp-echo' }, action: 'pass' }],
};
/** What is pinned for {@link PING} and {@link NO_PING}. */
export const PINS: readonly string[] = ['carried', 'counters', 'link', 'program', 'rules_text'];

/** A box whose port0 is to have rules, and a host before it. */
export class RulesBed implements Disposable {
  readonly lab: Lab;
  readonly box: string;
  readonly host: string;
  readonly address = '10.9.0.2';
  readonly #files: string = mkdtempSync(join(tmpdir(), 'xdpkit-rules-'));
  readonly #pins: PinDirectory;

  constructor() {
    this.lab = createLab('rules');
    this.box = this.lab.namespace('box');
    this.host = this.lab.namespace('host');
    this.lab.veth({
      name: 'port0',
      netns: this.box,
      addresses: [`${this.address}/24`],
      peer: { name: 'eth0', netns: this.host, addresses: ['10.9.0.1/24'] },
    });
    this.#pins = PinDirectory.of('port0', { netns: this.box });
  }

  /** Names of what is pinned for port0. */
  get pins(): string[] {
    return this.#pins.pins().map(({ name }) => name);
  }

  /** As pins have it. */
  get namespaceNumber(): number {
    return this.#pins.namespace;
  }

  /** Ids of the programs on port0. */
  get attached(): number[] {
    return getLink('port0', { netns: this.box }).xdp.map(({ programId }) => programId);
  }

  /** A rule file. */
  file(rules: RuleSet | string, name = 'rules.yaml'): string {
    const path = join(this.#files, name);
    writeFileSync(path, typeof rules === 'string' ? rules : JSON.stringify(rules));
    return path;
  }

  get files(): string {
    return this.#files;
  }

  /** `xdpkit rules …` on the box. */
  rules(...args: string[]): Promise<Ending> {
    return run([...XDPKIT, 'rules', ...args, '--netns', this.box]);
  }

  /** @returns how many of `count` pings were answered */
  async ping(count = 5): Promise<number> {
    const command = ['ping', '-c', String(count), '-i', '0.01', '-W', '1', this.address];
    const { stdout } = await run(command, { netns: this.host });
    return Number(/(\d+) received/.exec(stdout)?.[1]);
  }

  [Symbol.dispose](): void {
    try {
      this.#pins.remove();
    } finally {
      rmSync(this.#files, { recursive: true, force: true });
      this.lab.close();
    }
  }
}
