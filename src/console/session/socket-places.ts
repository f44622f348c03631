import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { XdpError } from '../../sys/index.js';
import { allFolders, ownFolder } from './run-folders.js';

/** A process that can be steered, by the name of its socket: `1234-bridge.sock`. */
export interface ConsolePlace {
  readonly pid: number;
  readonly name: string;
  readonly path: string;
}

const FOLDER = 'console';
const SOCKET = /^(\d{1,10})-([\w.-]{1,32})\.sock$/;
const NAME = /^[\w.-]{1,32}$/;

/**
 * Where a console of this process listens.
 *
 * @throws XDP_ERR_USAGE for a name that is none, XDP_ERR_PERMISSION when the folder belongs to somebody else
 */
export function socketPath(name: string): string {
  if (NAME.test(name)) return join(ownFolder(FOLDER), `${process.pid}-${name}.sock`);
  throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(name)} is no name of a console: 1 to 32 of A-Z a-z 0-9 _ . -`);
}

/** All sockets that there are, of living processes and dead ones. */
export function listSockets(): ConsolePlace[] {
  return allFolders(FOLDER).flatMap((folder) =>
    namesIn(folder).flatMap((file) => {
      const [, pid, name] = SOCKET.exec(file) ?? [];
      return pid === undefined || name === undefined ? [] : [{ pid: Number(pid), name, path: join(folder, file) }];
    }),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // It is not there, or this user may not look into it.
    return [];
  }
}
