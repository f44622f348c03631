import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleClient, findConsole } from '../../dist/console/index.js';
import { getLink } from '../../dist/netdev/index.js';
import { Running, run, succeed, XDPKIT } from '../e2e/running.js';
import { PORTS, RunningBridge, TestBed } from '../e2e/test-bed.js';
import { SEED_WORDS, type Subject } from './seed-words.js';

/** How many pings were sent and answered, and how long they took (milliseconds). */
export interface Pings {
  readonly sent: number;
  readonly answered: readonly number[];
  readonly duplicates: number;
  readonly times: readonly number[];
}

/** `xdpkit bridge` between two hosts, a console on its socket, and what the hosts see. */
export class LiveBed implements AsyncDisposable {
  readonly bed: TestBed;
  readonly bridge: RunningBridge;
  /** Ethernet addresses of the hosts. */
  readonly macs: readonly [string, string];
  readonly #folder: string;
  readonly #client: ConsoleClient;
  readonly #said = new Set<string>();

  private constructor(bed: TestBed, bridge: RunningBridge, folder: string, client: ConsoleClient) {
    this.bed = bed;
    this.bridge = bridge;
    this.#folder = folder;
    this.#client = client;
    const macOf = (netns: string) => getLink('eth0', { netns }).mac!;
    this.macs = [macOf(bed.hosts[0]), macOf(bed.hosts[1])];
  }

  static async open(...options: readonly string[]): Promise<LiveBed> {
    const folder = mkdtempSync(join(tmpdir(), 'xdpkit-live-'));
    process.env['XDPKIT_RUN'] = folder;
    const bed = new TestBed([1, 1]);
    await bed.introduce();
    const bridge = new RunningBridge([...PORTS, '--tap', `xdpkit-test-${process.pid}`, ...options], {
      netns: bed.netns,
    });
    try {
      await bridge.started();
      await bridge.says(/"type":"sample"/);
      return new LiveBed(bed, bridge, folder, await ConsoleClient.connect(await findConsole()));
    } catch (error) {
      await bridge[Symbol.asyncDispose]();
      bed.close();
      throw error;
    }
  }

  /** Name of the tap. */
  get tap(): string {
    return `xdpkit-test-${process.pid}`;
  }

  /** Runs a line, and fails when a word does. @returns what it prints */
  async say(line: string): Promise<string[]> {
    for (const token of line.split(' ')) this.#said.add(token);
    const printed: string[] = [];
    const { failure } = await this.#client.run(line, false, (answer) => {
      if (answer.type === 'text') printed.push(...answer.lines);
    });
    if (failure !== undefined) throw new Error(failure.message);
    return printed;
  }

  /** Runs a line as an operator does. @returns what it prints */
  async command(line: string): Promise<string> {
    for (const token of line.split(' ')) this.#said.add(token);
    return await succeed([...XDPKIT, 'console', '-c', line]);
  }

  /** The value that stands behind a label in a report. */
  async value(line: string, label: string, occurrence = 0): Promise<string> {
    const found = (await this.say(line)).filter((row) => row.trimStart().startsWith(label));
    return found[occurrence]!.trimStart().slice(label.length).trim();
  }

  /** Words of the seed that nobody has said. */
  unsaid(subject: Subject): string[] {
    return SEED_WORDS[subject].filter((word) => !this.#said.has(word));
  }

  /** Pings from the first host to the second one. */
  async ping(count: number, options: readonly string[] = ['-i', '0.01'], wait = '0.3'): Promise<Pings> {
    const target = this.bed.addresses[1].v4;
    const { stdout } = await run(['ping', '-n', '-c', `${count}`, '-W', wait, ...options, target], {
      netns: this.bed.hosts[0],
    });
    const replies = [...stdout.matchAll(/icmp_seq=(\d+) ttl=\d+ time=([\d.]+) ms( \(DUP!\))?/g)];
    const firsts = replies.filter(([, , , duplicate]) => duplicate === undefined);
    return {
      sent: Number(/^(\d+) packets transmitted/m.exec(stdout)?.[1]),
      answered: firsts.map(([, number]) => Number(number)),
      duplicates: replies.length - firsts.length,
      times: firsts.map(([, , time]) => Number(time)),
    };
  }

  /** Starts `xdpkit collect` on the bridge's tap. */
  collect(...options: readonly string[]): Running {
    return new Running([...XDPKIT, 'collect', '--queue', this.tap, ...options]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.bridge[Symbol.asyncDispose]();
    this.bed.close();
    delete process.env['XDPKIT_RUN'];
    rmSync(this.#folder, { recursive: true });
  }
}
