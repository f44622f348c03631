import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('server-process.mjs', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ending {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for sockets of one test alone, and the processes that have consoles in it. */
export class RunFolder implements AsyncDisposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'xdpkit-run-'));
  readonly env: NodeJS.ProcessEnv = { ...process.env, XDPKIT_RUN: this.path, NO_COLOR: '1' };
  readonly #children: ChildProcess[] = [];

  /** Starts a process with a console, and waits until it is ready. */
  async serve(name = 'twin'): Promise<{ readonly child: ChildProcess; readonly path: string }> {
    const child = spawn(process.execPath, [SERVER, name], { env: this.env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return { child, path: line.replace(/^ready /, '') };
  }

  /** Starts `xdpkit console`. */
  start(args: readonly string[], input = ''): ChildProcess {
    const child = spawn(process.execPath, [COMMAND, 'console', ...args], { env: this.env });
    this.#children.push(child);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return child;
  }

  async end(child: ChildProcess): Promise<Ending> {
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout!), text(child.stderr!), closed]);
    return { status, stdout, stderr };
  }

  /** Runs `xdpkit console` to its end. */
  async console(args: readonly string[], input?: string): Promise<Ending> {
    return this.end(this.start(args, input));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.path, { recursive: true });
  }
}
