import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { isAlive } from '../../sys/index.js';
import type { ConsolePlace } from './socket-places.js';

/**
 * Whether somebody listens at a socket. One that a dead process left behind is removed.
 *
 * A fresh process has its socket bound for a moment before it listens: whose process lives is left alone.
 */
export async function probeSocket({ path, pid }: ConsolePlace): Promise<boolean> {
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });
  if (code === 'ECONNREFUSED' && !isAlive({ pid, startLow: 0, startHigh: 0 })) rmSync(path, { force: true });
  return code === undefined;
}
