import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XdpError } from '../../sys/index.js';

/** A process that can be steered, by the name of its socket: `1234-bridge.sock`. */
export interface ConsolePlace {
  readonly pid: number;
  readonly name: string;
  readonly path: string;
}

const FOLDER = 'console';
const SOCKET = /^(\d{1,10})-([\w.-]{1,32})\.sock$/;
const NAME = /^[\w.-]{1,32}$/;
/** Root's, and where a unit with `RuntimeDirectory=xdpkit` has its own. */
const SYSTEM = '/run/xdpkit';

/**
 * The folder for sockets of this process: `$XDPKIT_RUN/console`, else root's `/run/xdpkit/console`, else below systemd's
 * $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/xdpkit or /tmp/xdpkit-UID. It is made if it is missing, for this user alone.
 *
 * @throws XDP_ERR_PERMISSION when it belongs to somebody else
 */
export function ownFolder(): string {
  const { XDPKIT_RUN: chosen } = process.env;
  const folder = join(chosen || (process.getuid?.() === 0 ? SYSTEM : userFolder()), FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isOwn(folder)) {
    throw new XdpError('XDP_ERR_PERMISSION', `${folder} is not a folder that belongs to this user alone`);
  }
  return folder;
}

/** @throws XDP_ERR_USAGE */
export function socketPath(folder: string, name: string): string {
  if (NAME.test(name)) return join(folder, `${process.pid}-${name}.sock`);
  throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(name)} is no name of a console: 1 to 32 of A-Z a-z 0-9 _ . -`);
}

/** All sockets that there are, of living processes and dead ones. */
export function listSockets(folders: readonly string[] = allFolders()): ConsolePlace[] {
  return folders.flatMap((folder) =>
    namesIn(folder).flatMap((file) => {
      const [, pid, name] = SOCKET.exec(file) ?? [];
      return pid === undefined || name === undefined ? [] : [{ pid: Number(pid), name, path: join(folder, file) }];
    }),
  );
}

function allFolders(): string[] {
  const { XDPKIT_RUN: chosen } = process.env;
  if (chosen) return [join(chosen, FOLDER)];
  const own = join(userFolder(), FOLDER);
  // Somebody else may have made a folder of this name in /tmp, and wait there.
  return [...new Set([join(SYSTEM, FOLDER), ...(isOwn(own) ? [own] : [])])];
}

function userFolder(): string {
  const { RUNTIME_DIRECTORY: unit, XDG_RUNTIME_DIR: session } = process.env;
  if (unit) return unit.split(':', 1)[0]!;
  return session ? join(session, 'xdpkit') : join(tmpdir(), `xdpkit-${process.getuid?.()}`);
}

function isOwn(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // It is not there, or this user may not look into it.
    return [];
  }
}
