import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLab } from 'xdpkit/netdev';

/**
 * Where the workloads run: `source` and `sink` are the far ends of two veth pairs whose near ends, `near0` and `near1`,
 * stand in `middle`.
 */
export class Topology implements Disposable {
  readonly source: string;
  readonly middle: string;
  readonly sink: string;
  readonly #lab: ReturnType<typeof createLab>;

  constructor() {
    const lab = createLab('bench');
    this.#lab = lab;
    this.source = lab.namespace('source');
    this.middle = lab.namespace('middle');
    this.sink = lab.namespace('sink');
    lab.veth({ name: 'far0', netns: this.source, peer: { name: 'near0', netns: this.middle } });
    lab.veth({ name: 'far1', netns: this.sink, peer: { name: 'near1', netns: this.middle } });
  }

  [Symbol.dispose](): void {
    this.#lab.close();
  }
}

/** A program running in a namespace. */
export class Program {
  readonly #child: ChildProcess;
  readonly #command: string;
  output = '';
  #errors = '';

  /** @param netns name of a namespace under /run/netns */
  constructor(netns: string, command: readonly string[]) {
    this.#command = command.join(' ');
    // nsenter becomes the command, so that a signal to the child reaches it.
    this.#child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (data) => {
      this.output += data;
    });
    this.#child.stderr?.on('data', (data) => {
      this.#errors += data;
    });
  }

  /** Waits until its standard error has these words. @throws when it ends without */
  async says(words: string): Promise<void> {
    while (!this.#errors.includes(words)) {
      if (this.#child.exitCode !== null) throw new Error(`${this.#command} ended: ${this.#errors}`);
      await sleep(10);
    }
  }

  /** Waits for its end. @returns the last line that it printed */
  async result(): Promise<string> {
    const [code] = this.#child.exitCode === null ? await once(this.#child, 'close') : [this.#child.exitCode];
    if (code !== 0) throw new Error(`${this.#command} ended with ${code}: ${this.#errors}${this.output}`);
    return this.output.trim().split('\n').at(-1) ?? '';
  }

  /** Asks it to end, and waits for that. @returns what it printed */
  async stop(): Promise<string> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'close');
    }
    return this.output;
  }
}
