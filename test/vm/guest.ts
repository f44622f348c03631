import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, TOO_LATE } from './job.js';

/** Seconds beyond a job's own time in which the guest has to tell how it ended; then it is taken for dead. */
const GRACE = 30;

export interface GuestOptions {
  readonly seconds: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What the files of its output are called, for people. */
  readonly log?: string;
}

export interface GuestEnding {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let count = 0;

/** The host's side of job.ts. */
export class Guest {
  readonly folder: string;

  /** @param folder what guest and host share */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Waits until it listens. */
  async ready(seconds: number): Promise<void> {
    if (!(await within(seconds, () => existsSync(`${this.folder}/ready`)))) {
      throw new Error(`the guest was not up after ${seconds} s`);
    }
  }

  start(command: readonly string[], { seconds, env = {}, log = 'job' }: GuestOptions): GuestProcess {
    // Several processes of the host may ask.
    const name = `${log}-${process.pid}-${count++}`;
    const job: Job = { command, env, seconds };
    put(this.folder, `${name}.job`, JSON.stringify(job));
    return new GuestProcess(this.folder, name, job);
  }

  async run(command: readonly string[], options: GuestOptions): Promise<GuestEnding> {
    return await this.start(command, options).end();
  }

  /** Has it switch itself off. */
  off(): void {
    put(this.folder, 'off', '');
  }
}

/** A process in the guest. */
export class GuestProcess {
  readonly #path: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #job: Job;

  constructor(folder: string, name: string, job: Job) {
    this.#path = `${folder}/${name}`;
    this.#folder = folder;
    this.#name = name;
    this.#job = job;
  }

  get stdout(): string {
    return read(`${this.#path}.out`);
  }

  get stderr(): string {
    return read(`${this.#path}.err`);
  }

  get isOver(): boolean {
    return existsSync(`${this.#path}.exit`);
  }

  kill(signal: NodeJS.Signals): void {
    put(this.#folder, `${this.#name}.signal`, signal);
  }

  /** Waits until `pattern` was printed. Fails when the process ends, or says nothing of the kind. */
  async says(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    const look = () => {
      found = pattern.exec(this.stdout);
      return found !== null || this.isOver;
    };
    await within(seconds, look);
    if (found === null) throw this.#failure(`did not print ${pattern}`);
    return found;
  }

  /** Waits for its end. Fails when that does not come in the job's time. */
  async end(): Promise<GuestEnding> {
    const { seconds } = this.#job;
    if (!(await within(seconds + GRACE, () => this.isOver))) throw this.#failure('did not end: is the guest alive?');
    const status = Number(read(`${this.#path}.exit`));
    if (status === TOO_LATE) throw this.#failure(`was not done after ${seconds} s`);
    return { status, stdout: this.stdout, stderr: this.stderr };
  }

  #failure(what: string): Error {
    const command = this.#job.command.join(' ');
    return new Error(`in the guest: ${command} ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
  }
}

async function within(seconds: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) return false;
    await sleep(50);
  }
  return true;
}

/** A file that the guest never sees half written. */
function put(folder: string, name: string, text: string): void {
  writeFileSync(`${folder}/.${name}`, text);
  renameSync(`${folder}/.${name}`, `${folder}/${name}`);
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
