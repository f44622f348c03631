// needs: llvm-mc-19, llvm-objdump-19
import { expect, it } from 'vitest';
import { disassemble, encode } from '../../dist/ebpf/index.js';
import { everyForm, everyInstruction, formOf } from './forms.js';
import { objdump19 } from './objdump.js';

const UNKNOWN = '<unknown>';

it('agrees with llvm-objdump 19 on every instruction', () => {
  const forms = everyInstruction();
  const ours = disassemble(forms);
  const theirs = objdump19(encode(forms));
  const theirs32 = objdump19(encode(forms), '--mattr=+alu32');
  const differences: string[] = [];
  const agreed = new Set<string>();
  for (const [i, { text }] of ours.entries()) {
    const form = formOf(forms[i]!);
    // Reserved fields are set: LLVM writes the instruction as if they were not.
    if (text === UNKNOWN) continue;
    // LLVM 20 has them.
    if (/load_acquire|store_release/.test(form)) continue;
    // LLVM leaves the immediate out, the kernel uses it.
    if (/skb\[r\d+ /.test(text)) continue;
    if (theirs[i]!.text === text || theirs32[i]!.text === text) agreed.add(form);
    else differences.push(`${JSON.stringify(forms[i])}: ${text}, LLVM ${theirs[i]!.text}`);
  }
  expect(differences.slice(0, 20)).toEqual([]);
  const missing = [...everyForm()].filter((form) => !agreed.has(form) && !/load_acquire|store_release|lddw/.test(form));
  expect(missing).toEqual([]);
});

it('knows every instruction that llvm-objdump 19 knows', () => {
  const forms = everyInstruction();
  const ours = disassemble(forms);
  const theirs = objdump19(encode(forms), '--mattr=+alu32');
  const known = new Set(forms.filter((_, i) => ours[i]!.text !== UNKNOWN).map(({ opcode }) => opcode));
  const others = forms.filter(({ opcode }, i) => theirs[i]!.text !== UNKNOWN && !known.has(opcode));
  // callx, which compilers write and the kernel refuses.
  expect([...new Set(others.map(({ opcode }) => opcode))]).toEqual([0x8d]);
});
