import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XdpError } from '../../sys/index.js';

/** Root's, and where a unit with `RuntimeDirectory=xdpkit` has its own. */
const SYSTEM = '/run/xdpkit';

/**
 * Where processes of this user leave what others find them by: `$XDPKIT_RUN`, else root's `/run/xdpkit`, else systemd's
 * $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/xdpkit or /tmp/xdpkit-UID. It is made if it is missing, for this user alone.
 *
 * @param kind a folder in it
 * @throws XDP_ERR_PERMISSION when it belongs to somebody else
 */
export function ownFolder(kind = ''): string {
  const { XDPKIT_RUN: chosen } = process.env;
  const folder = join(chosen || (process.getuid?.() === 0 ? SYSTEM : userFolder()), kind);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isOwn(folder)) {
    throw new XdpError('XDP_ERR_PERMISSION', `${folder} is not a folder that belongs to this user alone`);
  }
  return folder;
}

/** The folders of a kind that this user may look into: the system's, and its own. */
export function allFolders(kind: string): string[] {
  const { XDPKIT_RUN: chosen } = process.env;
  if (chosen) return [join(chosen, kind)];
  const own = join(userFolder(), kind);
  // Somebody else may have made a folder of this name in /tmp, and wait there.
  return [...new Set([join(SYSTEM, kind), ...(isOwn(own) ? [own] : [])])];
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
