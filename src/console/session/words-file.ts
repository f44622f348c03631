import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LIMITS } from '../interpreter/limits.js';
import { Refusal } from '../interpreter/refusal.js';

/**
 * Reads a file of words.
 *
 * @returns undefined when there is none
 * @throws Refusal for a file that can't be read, is too long, or is no file: whoever opens a pipe would wait for ever
 */
export function readWordsFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Refusal(`${path} can't be read: ${code}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Refusal(`${path} is not a file`);
    // One byte more shows a file that grows meanwhile.
    const bytes = Buffer.alloc(Math.min(stat.size, LIMITS.file) + 1);
    const length = readSync(fd, bytes);
    if (length > LIMITS.file) throw new Refusal(`${path} has more than ${LIMITS.file} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
