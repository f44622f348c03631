import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { patient } from '../patience.js';

const SOURCES = fileURLToPath(new URL('./c/', import.meta.url));
/** Debian keeps <asm/types.h> in the folder of the architecture. */
const INCLUDE = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/** The programs in C, by name. */
export const EXAMPLES: readonly string[] = readdirSync(SOURCES).map((file) => file.replace(/\.c$/, ''));

let directory: string | undefined;
afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true });
  // Where test files share a process, the next one makes its own.
  directory = undefined;
});

/** Compiles a file of test/object/c with clang, once a test file. @returns the path of the object file */
export function compile(name: string, target = 'bpf'): string {
  directory ??= mkdtempSync(join(tmpdir(), 'xdpkit-object-'));
  const object = join(directory, target === 'bpf' ? `${name}.o` : `${name}.${target}.o`);
  if (!existsSync(object)) clang([join(SOURCES, `${name}.c`), '-g', '-o', object], target);
  return object;
}

/** Compiles a source text, behind the includes that all have. */
export function compileText(name: string, source: string, flags: readonly string[] = ['-g']): string {
  directory ??= mkdtempSync(join(tmpdir(), 'xdpkit-object-'));
  const object = join(directory, `${name}.o`);
  const text = `#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n${source}\nchar _license[] SEC("license") = "GPL";\n`;
  clang(['-x', 'c', '-', ...flags, '-o', object], 'bpf', text);
  return object;
}

function clang(args: readonly string[], target: string, input = ''): void {
  execFileSync('clang-14', ['-O2', '-Wall', '-target', target, INCLUDE, '-c', ...args], {
    input,
    timeout: patient(20_000),
  });
}
