import { readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Milliseconds without a further change after which a file is taken to be whole. */
const QUIET = 100;

/**
 * Calls back with a file's text whenever that has changed. The folder is watched, as editors put a new file in the place of the old
 * one; a file that is gone has not changed.
 */
export function watchFile(path: string, onChange: (text: string) => void): Disposable {
  let last = readFileSync(path, 'utf8');
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return;
    }
    if (text === last) return;
    last = text;
    onChange(text);
  };
  const name = basename(path);
  const watcher = watch(dirname(path), (_, changed) => {
    if (changed !== null && changed !== name) return;
    clearTimeout(timer);
    timer = setTimeout(look, QUIET);
  });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
