import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { needTools } from '../e2e/tools.js';

/** Skips the test, with the tool's name, where one of the LLVM tools is missing. */
export function needLlvm(context: Pick<TestContext, 'skip'>): void {
  needTools(context, 'llvm-mc-14', 'llvm-objdump-14', 'llvm-objcopy-14', 'clang-14');
}

/** What llvm-objdump says of a program: its slot and text, without symbols and with single spaces. */
export function objdump(bytes: Uint8Array, ...options: string[]): { index: number; text: string }[] {
  return dump(bytes, '14', options);
}

/** The same of a version that knows what came after RFC 9669, load-acquire and store-release excepted. */
export function objdump19(bytes: Uint8Array, ...options: string[]): { index: number; text: string }[] {
  return dump(bytes, '19', ['--no-print-imm-hex', ...options]);
}

function dump(bytes: Uint8Array, version: '14' | '19', options: readonly string[]): { index: number; text: string }[] {
  return inDirectory((directory) => {
    writeFileSync(join(directory, 'p.bin'), bytes);
    writeFileSync(join(directory, 'p.s'), `.text\n.incbin "${join(directory, 'p.bin')}"\n`);
    const object = join(directory, 'p.o');
    execFileSync(`llvm-mc-${version}`, ['-triple', 'bpfel', '-filetype=obj', join(directory, 'p.s'), '-o', object]);
    return parse(
      execFileSync(`llvm-objdump-${version}`, ['-d', '-z', '--no-show-raw-insn', ...options, object], LARGE),
    );
  });
}

/** The bytes llvm-mc makes of text. */
export function assembleText(lines: readonly string[]): Uint8Array {
  return inDirectory((directory) => {
    const object = join(directory, 'p.o');
    const section = join(directory, 'p.bin');
    writeFileSync(join(directory, 'p.s'), `.text\n${lines.join('\n')}\n`);
    execFileSync('llvm-mc-14', [
      '-triple',
      'bpfel',
      '-mattr=+alu32',
      '-filetype=obj',
      join(directory, 'p.s'),
      '-o',
      object,
    ]);
    execFileSync('llvm-objcopy-14', ['-O', 'binary', '--only-section=.text', object, section]);
    return new Uint8Array(readFileSync(section));
  });
}

/** Compiles C for eBPF and gives the bytes of its section `xdp`, before relocation, back. */
export function compile(source: string, ...options: string[]): Uint8Array {
  return inDirectory((directory) => {
    const object = join(directory, 'p.o');
    const section = join(directory, 'p.bin');
    writeFileSync(join(directory, 'p.c'), source);
    execFileSync('clang-14', ['-target', 'bpf', '-O2', ...options, '-c', join(directory, 'p.c'), '-o', object]);
    execFileSync('llvm-objcopy-14', ['-O', 'binary', '--only-section=xdp', object, section]);
    return new Uint8Array(readFileSync(section));
  });
}

const LARGE = { encoding: 'utf8', maxBuffer: 1 << 26 } as const;

function parse(output: string): { index: number; text: string }[] {
  return [...output.matchAll(/^\s*(\d+):\s+(.*)$/gm)].map(([, index, text]) => ({
    index: Number(index),
    text: text!
      .replace(/ <[^<]*>$/, '')
      .replace(/\s+/g, ' ')
      .trim(),
  }));
}

function inDirectory<T>(work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-ebpf-'));
  try {
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
