import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeed } from './running.js';

/** What {@link compile} needs. */
export const COMPILER = ['clang-14', 'libbpf-dev'] as const;

/** A program of test/e2e/programs, compiled. */
export interface Compiled extends Disposable {
  readonly object: string;
}

/** Compiles a program for the kernel with clang, as other people do. */
export async function compile(name: string): Promise<Compiled> {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-e2e-'));
  const remove = () => rmSync(directory, { recursive: true });
  const object = join(directory, `${name}.o`);
  const source = fileURLToPath(new URL(`./programs/${name}.c`, import.meta.url));
  // Debian keeps <asm/types.h> in the folder of the architecture.
  const include = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  try {
    await succeed([COMPILER[0], '-O2', '-g', '-target', 'bpf', include, '-c', source, '-o', object]);
  } catch (error) {
    remove();
    throw error;
  }
  return { object, [Symbol.dispose]: remove };
}
