import { readFileSync, statSync } from 'node:fs';

/** A process, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started: clock ticks since boot, in two words. Both 0: not known. */
  readonly startLow: number;
  readonly startHigh: number;
}

const WORD = 2 ** 32;

export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  const start = statusOf(pid)?.start ?? 0;
  return { pid, startLow: start | 0, startHigh: Math.floor(start / WORD) };
}

/** Inode of this process's PID namespace: numbers of processes mean something only within one. In two words. */
export function pidNamespace(): { low: number; high: number } {
  const { ino } = statSync('/proc/self/ns/pid');
  return { low: ino | 0, high: Math.floor(ino / WORD) };
}

/** Whether the process still runs. One that was killed and not waited for (a zombie) doesn't. */
export function isAlive({ pid, startLow, startHigh }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const status = statusOf(pid);
  // With hidepid, /proc doesn't show the processes of others.
  if (status === undefined) return true;
  if (status.state === 'Z' || status.state === 'X') return false;
  if (startLow === 0 && startHigh === 0) return true;
  return (status.start | 0) === startLow && Math.floor(status.start / WORD) === startHigh;
}

/** Fields 3 and 22 of /proc/PID/stat: proc_pid_stat(5). The name before them may hold anything. */
function statusOf(pid: number): { state: string; start: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, start: Number(fields[19]) };
  } catch {
    return undefined;
  }
}
