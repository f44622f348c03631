import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFolders, ownFolder } from '../console/index.js';
import { isAlive, ownIdentity, type ProcessIdentity, pidNamespace, XdpError } from '../sys/index.js';

/** A process of xdpkit that moves packets, as it has announced itself. */
export interface Run {
  /** 1 to 32 letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  readonly pid: number;
  /** The command that it is, such as `bridge`. */
  readonly command: string;
  readonly interfaces: readonly string[];
  /** When its data path began to run: milliseconds since the epoch. */
  readonly since: number;
  /** Whether it was started with `--daemon`. */
  readonly background: boolean;
  /** Socket of its console; null: it has none. */
  readonly console: string | null;
  /** File that it logs to, if any. */
  readonly log: string | null;
  readonly pidFile: string | null;
}

interface Entry extends Run {
  readonly identity: ProcessIdentity;
  /** The PID namespace that `pid` is a number of. */
  readonly home: string;
}

const FOLDER = 'runs';
const FILE = /^\d+-[\w.-]{1,32}\.json$/;

/** Lets others find this process, until it is closed. What a killed process announced, the next who looks removes. */
export class Announcement implements Disposable {
  readonly #path: string;

  /** @throws XDP_ERR_PERMISSION when the folder belongs to somebody else */
  constructor(run: Omit<Run, 'pid'>) {
    this.#path = join(ownFolder(FOLDER), `${process.pid}-${run.name}.json`);
    const entry: Entry = { ...run, pid: process.pid, identity: ownIdentity(), home: home() };
    // Whole from the moment on at which it has the name that others look for.
    writeFileSync(`${this.#path}.new`, JSON.stringify(entry), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  /** Idempotent. */
  close(): void {
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What runs, in the order in which it was started, as far as this user may see it. */
export function listRuns(): Run[] {
  return allFolders(FOLDER)
    .flatMap((folder) => filesIn(folder).map((file) => join(folder, file)))
    .flatMap((path) => readRun(path) ?? [])
    .sort((a, b) => a.since - b.since || a.pid - b.pid);
}

/**
 * The one run that is meant.
 *
 * @param target its name or number; without it the only one
 * @param command only such runs are meant; default: any
 * @throws XDP_ERR_NOT_RUNNING when there is none, or more than one
 */
export function findRun(target?: string, command?: string): Run {
  const running = listRuns().filter((run) => command === undefined || run.command === command);
  const found = running.filter(({ name, pid }) => target === undefined || target === name || target === String(pid));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const list = running.map(({ name, pid }) => `${name} (${pid})`).join(', ');
  const none =
    target === undefined ? `${command === undefined ? 'nothing' : `no ${command}`} runs` : `${target} does not run`;
  const several = target === undefined ? 'several run' : `several run that are called ${target}`;
  const advice = found.length > 0 ? `name one, or its number: ${list}` : list ? `these run: ${list}` : undefined;
  throw new XdpError('XDP_ERR_NOT_RUNNING', found.length === 0 ? none : several, { advice });
}

/** Whether a run that was listed goes on. */
export function isRunning(run: Run): boolean {
  return isAlive((run as Entry).identity);
}

function readRun(path: string): Entry | undefined {
  let entry: Entry;
  try {
    entry = JSON.parse(readFileSync(path, 'utf8')) as Entry;
  } catch {
    // It ended meanwhile, or belongs to another user.
    return undefined;
  }
  // Numbers of another PID namespace say nothing here.
  if (entry.home !== home()) return undefined;
  if (isAlive(entry.identity)) return entry;
  rmSync(path, { force: true });
  return undefined;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => FILE.test(file));
  } catch {
    return [];
  }
}

function home(): string {
  const { low, high } = pidNamespace();
  return `${high}:${low}`;
}
