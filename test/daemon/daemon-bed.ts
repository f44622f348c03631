import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRuns, type Run } from '../../dist/daemon/index.js';
import { type Ending, Running, run, XDPKIT } from '../e2e/running.js';
import { TestBed } from '../e2e/test-bed.js';

/** What `xdpkit status --json` says of a run. */
export type Listed = Run & { readonly packets: { readonly rx: number; readonly tx: number } | null };

/** Two hosts and the ports between them, and a folder of its own for what processes leave there. */
export class DaemonBed implements AsyncDisposable {
  readonly bed: TestBed = new TestBed([1, 1]);
  readonly folder: string = mkdtempSync(join(tmpdir(), 'xdpkit-daemon-'));
  readonly env: NodeJS.ProcessEnv = { ...process.env, XDPKIT_RUN: this.folder, NO_COLOR: '1' };

  /** Runs the command to its end. */
  xdpkit(...args: readonly string[]): Promise<Ending> {
    return run([...XDPKIT, ...args], { netns: this.bed.netns, env: this.env });
  }

  start(...args: readonly string[]): Running {
    return new Running([...XDPKIT, ...args], { netns: this.bed.netns, env: this.env });
  }

  /** What runs, as another process sees it. */
  runs(): readonly Run[] {
    const { XDPKIT_RUN: before } = process.env;
    process.env['XDPKIT_RUN'] = this.folder;
    try {
      return listRuns();
    } finally {
      if (before === undefined) delete process.env['XDPKIT_RUN'];
      else process.env['XDPKIT_RUN'] = before;
    }
  }

  async listed(): Promise<Listed[]> {
    const { stdout } = await this.xdpkit('status', '--json');
    return (JSON.parse(stdout) as { runs: Listed[] }).runs;
  }

  /** What is in the folder, without the folders in it. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Ends what still runs, by the numbers that it left here. */
  async [Symbol.asyncDispose](): Promise<void> {
    const runs = this.path('runs');
    for (const file of existsSync(runs) ? readdirSync(runs) : []) {
      try {
        process.kill(Number.parseInt(file, 10), 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    this.bed.close();
    rmSync(this.folder, { recursive: true });
  }
}
