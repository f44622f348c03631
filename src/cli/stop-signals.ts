/** How a run was asked to end, and the exit code for it: a supervisor's SIGTERM is a success, an interrupt is 130. */
const STOP_SIGNALS = { SIGINT: 130, SIGTERM: 0, SIGHUP: 0 } as const;
type StopSignal = keyof typeof STOP_SIGNALS;

/**
 * Turns the signals that ask a process to end into an abort, for as long as `run` takes: whatever is open is closed in
 * order. The signal's reason is its name.
 *
 * @param hangup whether SIGHUP, which a terminal sends when it goes away, ends the run as well
 */
export async function withStopSignals<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { hangup = true }: { readonly hangup?: boolean } = {},
): Promise<T> {
  const controller = new AbortController();
  const names = (Object.keys(STOP_SIGNALS) as StopSignal[]).filter((name) => hangup || name !== 'SIGHUP');
  const stop = (name: NodeJS.Signals) => controller.abort(name);
  for (const name of names) process.on(name, stop);
  try {
    return await run(controller.signal);
  } finally {
    for (const name of names) process.off(name, stop);
  }
}

/** The exit code for a run that `signal` ended, or 0. */
export function exitCodeOf(signal: AbortSignal): number {
  return STOP_SIGNALS[signal.reason as StopSignal] ?? 0;
}
