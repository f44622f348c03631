// needs: clang-14, llvm-mc-14, llvm-objcopy-14, llvm-objdump-14
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../dist/ebpf/index.js';
import { compiled, PROGRAMS } from './compiled.js';
import { objdump } from './objdump.js';

const ATOMIC_32 = /^lock \*\(u32|\(u32 \*\).*, w|32_32/;

describe('the disassembly of what clang compiles is that of llvm-objdump', () => {
  it.for(PROGRAMS)('%s.c', (program) => {
    for (const options of [['-mcpu=v1'], ['-mcpu=v3'], ['-mcpu=v3', '-O1']]) {
      const { bytes } = compiled(program, ...options);
      const ours = disassemble(bytes);
      expect(ours.length).toBeGreaterThan(15);
      const theirs = objdump(bytes);
      if (ours.some(({ text }) => ATOMIC_32.test(text))) {
        const theirs32 = objdump(bytes, '--mattr=+alu32');
        for (const [i, { text }] of ours.entries()) if (ATOMIC_32.test(text)) theirs[i] = theirs32[i]!;
      }
      expect(ours).toEqual(theirs);
    }
  });
});
