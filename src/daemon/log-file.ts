import { closeSync, openSync, writeSync } from 'node:fs';
import { XdpError } from '../sys/index.js';

/** As syslog(3) orders them. */
export const LEVELS = { error: 3, warning: 4, info: 6 } as const;
export type Level = keyof typeof LEVELS;

/** A log that lines are appended to: `2026-03-01T12:00:00.000Z info  edge[1234]: message`. */
export class LogFile implements Disposable {
  readonly path: string;
  readonly #name: string;
  #fd: number | undefined;

  /**
   * @param path is made if it is missing, for this user and group
   * @param name what the lines are called
   * @throws XDP_ERR_USAGE when it can't be written
   */
  constructor(path: string, name: string) {
    this.path = path;
    this.#name = name;
    this.#fd = openLog(path);
  }

  /** For a process that is to write into the same file. */
  get fd(): number | 'ignore' {
    return this.#fd ?? 'ignore';
  }

  /** A file that can't be written to any more, such as on a full disk, ends no run: then there are no lines. */
  write(level: Level, message: string): void {
    const head = `${new Date().toISOString()} ${level.padEnd(7)} ${this.#name}[${process.pid}]: `;
    // What has several lines stays one entry.
    const text = `${head}${message.trimEnd().replaceAll('\n', '\n  ')}\n`;
    try {
      if (this.#fd !== undefined) writeSync(this.#fd, text);
    } catch {
      // There is no place left to tell it.
    }
  }

  /** Goes on in a new file of the same name, when somebody has moved the old one away (logrotate). */
  reopen(): void {
    const next = openLog(this.path);
    this.close();
    this.#fd = next;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o640);
  } catch (error) {
    throw new XdpError('XDP_ERR_USAGE', `${path} can't be written: ${(error as Error).message}`, { cause: error });
  }
}
