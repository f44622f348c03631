import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { XdpError } from '../sys/index.js';
import { type Pin, readPin } from './pin.js';

/**
 * Everything that has a name in a bpffs which this process sees, whoever pinned it. What it may not look at is left out. (Under
 * `ip netns exec` no bpffs is to be seen.)
 */
export function* allPins(): Generator<Pin> {
  const seen = new Set<number>();
  for (const [, directory = ''] of readFileSync('/proc/self/mounts', 'utf8').matchAll(/^\S+ (\S+) bpf /gm)) {
    // proc(5): spaces and their like are written as octal numbers.
    const root = directory.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    // It may be mounted in several places.
    const { dev } = statSync(root);
    if (!seen.has(dev)) yield* pinsBelow(root);
    seen.add(dev);
  }
}

function* pinsBelow(directory: string): Generator<Pin> {
  for (const entry of list(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) yield* pinsBelow(path);
    else {
      const pin = read(entry.name, path);
      if (pin !== undefined) yield pin;
    }
  }
}

function list(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Not ours to see, or gone meanwhile.
    return [];
  }
}

function read(name: string, path: string): Pin | undefined {
  try {
    return readPin(name, path);
  } catch (error) {
    if (error instanceof XdpError && (error.errno !== undefined || error.code === 'XDP_ERR_INTERNAL')) return undefined;
    throw error;
  }
}
