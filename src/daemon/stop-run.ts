import { setTimeout as sleep } from 'node:timers/promises';
import { XdpError } from '../sys/index.js';
import { isRunning, type Run } from './runs.js';

/** Milliseconds between two looks. */
const LOOK = 20;

/**
 * Asks a process to end (SIGTERM) and waits until it has.
 *
 * @param timeout milliseconds
 * @throws XDP_ERR_RUNNING when it goes on after that; XDP_ERR_PERMISSION when it is another user's
 */
export async function stopRun(run: Run, timeout: number): Promise<void> {
  const end = performance.now() + timeout;
  try {
    process.kill(run.pid, 'SIGTERM');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') {
      throw new XdpError('XDP_ERR_PERMISSION', `${run.name} (process ${run.pid}) belongs to another user`, {
        cause: error,
      });
    }
    // It has just ended by itself.
    if (code !== 'ESRCH') throw error;
  }
  while (isRunning(run)) {
    if (performance.now() >= end) {
      throw new XdpError('XDP_ERR_RUNNING', `${run.name} (process ${run.pid}) did not end within ${timeout / 1000} s`, {
        advice: `wait longer with --timeout, or end it by force: kill -9 ${run.pid}; the interfaces are the host's again then`,
      });
    }
    await sleep(LOOK);
  }
}
