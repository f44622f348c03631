import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { namespacePath } from '../../dist/sys/index.js';
import { patient } from '../patience.js';

/** The command under test. */
export const XDPKIT: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)),
];

export interface RunOptions {
  /** Network namespace, by name or path. */
  readonly netns?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/** How a process ended: as a shell tells it, 128 and the signal's number for one that a signal ended. */
export interface Ending {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a test. It is killed, by its number, when the test leaves it behind. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #command: string;
  readonly #ended: Promise<number>;
  #stdout = '';
  #stderr = '';
  #status: number | undefined;

  constructor(command: readonly string[], { netns, env }: RunOptions = {}) {
    // nsenter becomes the command: its number is the command's.
    const [program = '', ...args] =
      netns === undefined ? command : ['nsenter', `--net=${namespacePath(netns)}`, '--', ...command];
    this.#command = command.join(' ');
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(env && { env }) });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = once(this.child, 'close').then(([code, signal]) => {
      const status: number = code ?? 128 + constants.signals[signal as NodeJS.Signals];
      this.#status = status;
      return status;
    });
    // Heard of by whoever waits for the end.
    this.#ended.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isOver(): boolean {
    return this.#status !== undefined;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits until `pattern` was printed; see {@link patient}. Fails when the process ends, or says nothing of the kind. */
  async says(pattern: RegExp, milliseconds = 10_000): Promise<RegExpExecArray> {
    const end = performance.now() + patient(milliseconds);
    for (;;) {
      const found = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
      if (found !== null) return found;
      if (this.isOver || performance.now() > end) throw this.#failure(`did not print ${pattern}`);
      await sleep(5);
    }
  }

  /** Waits for its end. Fails when it does not come. */
  async end(milliseconds = 30_000): Promise<Ending> {
    const timer = new AbortController();
    const late = sleep(patient(milliseconds), undefined, { signal: timer.signal }).then(() => {
      throw this.#failure(`did not end within ${patient(milliseconds)} ms`);
    });
    late.catch(() => {});
    const status = await Promise.race([this.#ended, late]);
    timer.abort();
    return { status, stdout: this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isOver) this.kill('SIGKILL');
    await this.#ended;
  }

  #failure(what: string): Error {
    const state = this.isOver ? ` (it ended with ${this.#status})` : '';
    return new Error(`${this.#command} ${what}${state}\nstdout: ${this.#stdout}\nstderr: ${this.#stderr}`);
  }
}

/** Runs a command to its end, whatever that is. */
export async function run(
  command: readonly string[],
  options: RunOptions = {},
  milliseconds = 30_000,
): Promise<Ending> {
  await using running = new Running(command, options);
  return await running.end(milliseconds);
}

/** Runs a command that has to succeed. @returns its standard output */
export async function succeed(
  command: readonly string[],
  options: RunOptions = {},
  milliseconds = 30_000,
): Promise<string> {
  const { status, stdout, stderr } = await run(command, options, milliseconds);
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}
