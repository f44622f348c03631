import { join, resolve } from 'node:path';
import { ownFolder } from '../console/index.js';
import { isInBackground, isJournal, journalLine, type Level, LogFile } from '../daemon/index.js';
import { calls } from '../sys/index.js';
import { printNote } from './output.js';

/** Standard output and standard error, which go to the log in the background. */
const OUTPUTS = [1, 2] as const;

export interface LogFlags {
  readonly daemon?: true;
  readonly log?: string;
}

/** Where a run keeps its log, if it has one: as it was told, and in the background in any case. */
export function logPath(name: string, { daemon, log }: LogFlags): string | undefined {
  if (log !== undefined) return resolve(log);
  return daemon ? join(ownFolder(), `${name}.log`) : undefined;
}

/** What a run tells of itself: to a file, to systemd's journal, to whoever sits at the terminal. */
export class RunLog implements Disposable {
  readonly path: string | undefined;
  /** Whether nobody sits at a terminal: neither tables nor remarks are for anybody. */
  readonly isAlone: boolean;
  /** What was told so far. */
  readonly notes: string[] = [];
  readonly #file: LogFile | undefined;
  readonly #toJournal: boolean;
  /** Where output goes to the log. */
  readonly #inBackground = isInBackground();

  /** @throws XDP_ERR_USAGE when the file can't be written */
  constructor(name: string, flags: LogFlags) {
    this.path = logPath(name, flags);
    this.#file = this.path === undefined ? undefined : new LogFile(this.path, name);
    this.#toJournal = this.#file === undefined && isJournal();
    this.isAlone = this.#toJournal || this.#inBackground;
  }

  /** For the log alone. */
  write(level: Level, message: string): void {
    this.#file?.write(level, message);
    if (this.#toJournal) process.stderr.write(journalLine(level, message));
  }

  /** For the log and for people. */
  note(message: string, level: Level = 'info'): void {
    this.notes.push(message);
    this.write(level, message);
    if (!this.isAlone) printNote(message);
  }

  reopen(): void {
    try {
      this.#file?.reopen();
      // What a crash prints belongs there, too.
      const fd = this.#file?.fd;
      if (this.#inBackground && typeof fd === 'number') for (const output of OUTPUTS) calls.dup2(fd, output);
    } catch (error) {
      this.write('error', (error as Error).message);
    }
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }
}
