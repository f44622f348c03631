import { LogFile, startInBackground } from '../daemon/index.js';
import { printJson, printNote } from './output.js';
import { type LogFlags, logPath } from './run-log.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

/**
 * Has this command run on in the background, and tells how to reach it.
 *
 * @param name what the run is called
 * @returns the exit code
 */
export async function startDaemon(name: string, flags: LogFlags & { readonly json?: true }): Promise<number> {
  return withStopSignals(async (signal) => {
    using log = new LogFile(logPath(name, flags)!, name);
    try {
      const { pid, notes } = await startInBackground(log.fd, signal);
      for (const note of notes) if (!flags.json) printNote(note);
      if (flags.json) printJson('daemon', { name, pid, log: log.path });
      else process.stdout.write(`${name} runs as process ${pid}, and logs to ${log.path}\n`);
      return 0;
    } catch (error) {
      if (signal.aborted && error === signal.reason) return exitCodeOf(signal);
      throw error;
    }
  });
}
