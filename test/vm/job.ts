/**
 * How the host has the guest run programs: by files in a folder that both see. `NAME.job` tells what to run; its output
 * goes to `NAME.out` and `NAME.err`, its exit code to `NAME.exit`. `NAME.signal` holds a signal to send it. The guest
 * makes `ready` when it listens, and switches itself off when it finds `off`.
 */
export interface Job {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** It is killed, with its children, after so many seconds. */
  readonly seconds: number;
}

/** Exit code of a job that took too long, as timeout(1) has it. */
export const TOO_LATE = 124;
