import { fstatSync } from 'node:fs';
import { calls, OwnedFd } from '../sys/index.js';
import { LEVELS, type Level } from './log-file.js';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of unix(7). */
const LONGEST_PATH = 108;

/** Whether standard error goes to systemd's journal: $JOURNAL_STREAM of systemd.exec(5). */
export function isJournal(): boolean {
  const { JOURNAL_STREAM: stream } = process.env;
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** A line for the journal, which knows time and process by itself: the level stands before it (sd-daemon(3)). */
export function journalLine(level: Level, message: string): string {
  return message
    .trimEnd()
    .split('\n')
    .map((line) => `<${LEVELS[level]}>${line}\n`)
    .join('');
}

/**
 * Tells the service manager how it is with this process: sd_notify(3). Does nothing where nobody asked ($NOTIFY_SOCKET).
 *
 * @param state such as `READY=1`
 */
export function notifyManager(state: string): void {
  const { NOTIFY_SOCKET: name } = process.env;
  if (!name) return;
  const path = Buffer.from(name);
  if (path.length >= LONGEST_PATH) return;
  const address = new Uint8Array(2 + path.length);
  address[0] = AF_UNIX;
  address.set(path, 2);
  // An abstract name begins with a zero byte; systemd writes it as @.
  if (name.startsWith('@')) address[2] = 0;
  using socket = new OwnedFd(calls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0), 'socket to the service manager');
  // Whether anybody listens is not this process's concern.
  calls.sendto(socket.fd, Buffer.from(state), MSG_NOSIGNAL, address);
}
