import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What is more than a program on the PATH. */
const PROBES: Readonly<Record<string, () => boolean>> = { 'a checkout that every user can read': isReadableByAll };

function isReadableByAll(): boolean {
  for (let path = resolve('.'); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o005) !== 0o005) return false;
    if (path === dirname(path)) return true;
  }
}

export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a test file says of itself in a line `// needs: ip, ethtool`, and this machine has not. */
export function missingFor(file: string): string[] {
  if (!existsSync(file)) return [];
  const needs = /^\/\/ needs: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.split(', ') ?? [];
  return needs.filter((need) => !(PROBES[need] ?? (() => isInstalled(need)))());
}
