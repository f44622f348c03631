import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, disassemble, encode, type Instruction } from '../../dist/ebpf/index.js';
import { everyInstruction } from './forms.js';
import { compile, needLlvm, objdump } from './objdump.js';

const UNKNOWN = '<unknown>';
/**
 * Newer than LLVM 14: remainders, signed loads, moves and divisions, bswap, gotol, tests of bits, stores of immediates, and
 * what came after RFC 9669. test/ebpf/disassembler-19.test.ts compares it with a newer LLVM.
 */
const NEWER =
  /\(s(8|16|32)\)[rw]|\(s(8|16|32) \*\)|s\/=|%=|bswap|^gotol|^if \S+ & |^\*\(u\d+ \*\)\(r\d+ [-+] \d+\) = -?\d+$|^may_goto|addr_space_cast|load_acquire|^store_release/;
const ATOMIC_32 = /^lock \*\(u32|\(u32 \*\).*, w|32_32/;

describe('disassemble', () => {
  const forms = everyInstruction();
  const ours = disassemble(forms);

  it('agrees with llvm-objdump on every form', (context) => {
    needLlvm(context);
    const theirs = objdump(encode(forms));
    const theirs32 = objdump(encode(forms), '--mattr=+alu32');
    expect(theirs).toHaveLength(ours.length);
    const differences: string[] = [];
    const agreed: number[] = [];
    for (const [i, { text }] of ours.entries()) {
      // LLVM leaves the immediate of the packet access of old out, the kernel uses it.
      if (text === UNKNOWN || /skb\[r\d+ /.test(text)) continue;
      const other = (ATOMIC_32.test(text) ? theirs32 : theirs)[i]!.text;
      if (other === UNKNOWN && NEWER.test(text)) continue;
      if (other === text) agreed.push(forms[i]!.opcode);
      else if (!NEWER.test(text)) differences.push(`${JSON.stringify(forms[i])}: ${text}, LLVM ${other}`);
    }
    expect(differences.slice(0, 20)).toEqual([]);
    expect(agreed.length).toBeGreaterThan(4_000);
    expect(new Set(agreed).size).toBe(107);
  });

  it('leaves unknown only what has reserved fields set, or LLVM does not know', (context) => {
    needLlvm(context);
    const theirs = objdump(encode(forms), '--mattr=+alu32');
    const opcodes = new Set<number>();
    const known = new Set<number>();
    for (const [i, { text }] of ours.entries()) {
      if (text !== UNKNOWN) known.add(forms[i]!.opcode);
      else if (theirs[i]!.text !== UNKNOWN) opcodes.add(forms[i]!.opcode);
    }
    // 0x8d is callx, which the instruction set does not have.
    expect([...opcodes].filter((opcode) => !known.has(opcode))).toEqual([0x8d]);
  });

  it('gives different text to different instructions', () => {
    const seen = new Map<string, Instruction>();
    for (const [i, { text }] of ours.entries()) {
      const form = forms[i]!;
      const before = seen.get(text);
      // Calls of helpers, subprograms and kernel functions look alike in llvm-objdump.
      if (text !== UNKNOWN && !text.startsWith('call ') && before) expect(form).toEqual(before);
      seen.set(text, form);
    }
  });

  it('agrees with llvm-objdump on loads of 64 bits', (context) => {
    needLlvm(context);
    const words = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 12345];
    const instructions: Instruction[] = [];
    for (const src of [0, 1, 2, 3, 4, 5, 6]) {
      for (const lower of words) {
        for (const upper of src === 0 ? words : [0]) {
          instructions.push({ opcode: 0x18, dst: 1, src, offset: 0, immediate: lower });
          instructions.push({ opcode: 0, dst: 0, src: 0, offset: 0, immediate: upper });
        }
      }
    }
    expect(disassemble(instructions)).toEqual(objdump(encode(instructions)));
  });

  it('agrees with llvm-objdump on what clang compiles', (context) => {
    needLlvm(context);
    for (const options of [
      ['-mcpu=v1'],
      ['-mcpu=v2'],
      ['-mcpu=v3'],
      ['-mcpu=v3', '-O1'],
      ['-mcpu=v2', '-fno-inline'],
    ]) {
      const bytes = compile(PROGRAM, ...options);
      expect(bytes.length).toBeGreaterThan(400);
      const text = disassemble(bytes);
      expect(text.filter((line) => line.text === UNKNOWN)).toEqual([]);
      expect(text.filter((line) => !ATOMIC_32.test(line.text))).toEqual(
        objdump(bytes).filter(({ index }) => !ATOMIC_32.test(text.find((line) => line.index === index)!.text)),
      );
    }
  });

  it('writes what is newer than LLVM 14 as later versions do', () => {
    const one = (opcode: number, dst: number, src: number, offset: number, immediate: number): string =>
      disassemble([{ opcode, dst, src, offset, immediate }])[0]!.text;
    expect(one(0xbf, 1, 2, 8, 0)).toBe('r1 = (s8)r2');
    expect(one(0xbf, 1, 2, 32, 0)).toBe('r1 = (s32)r2');
    expect(one(0xbc, 1, 2, 16, 0)).toBe('w1 = (s16)w2');
    expect(one(0xbc, 1, 2, 32, 0)).toBe(UNKNOWN);
    expect(one(0x3f, 1, 2, 1, 0)).toBe('r1 s/= r2');
    expect(one(0x94, 1, 0, 1, 7)).toBe('w1 s%= 7');
    expect(one(0xd7, 1, 0, 0, 32)).toBe('r1 = bswap32 r1');
    expect(one(0x81, 1, 2, -4, 0)).toBe('r1 = *(s32 *)(r2 - 4)');
    expect(one(0x06, 0, 0, 0, -70_000)).toBe('gotol -70000');
    expect(one(0x45, 1, 0, 3, 4)).toBe('if r1 & 4 goto +3');
    expect(one(0x4e, 1, 2, 3, 0)).toBe('if w1 & w2 goto +3');
    expect(one(0x62, 10, 0, -4, 7)).toBe('*(u32 *)(r10 - 4) = 7');
    expect(one(0xe5, 0, 0, -3, 0)).toBe('may_goto -3');
    expect(one(0xbf, 1, 2, 1, 1)).toBe('r1 = addr_space_cast(r2, 0, 1)');
    expect(one(0xbf, 1, 2, 1, 0x10000)).toBe('r1 = addr_space_cast(r2, 1, 0)');
    // LLVM 20 and later; 19 takes them for additions.
    expect(one(0xd3, 0, 1, 0, 0x100)).toBe('w0 = load_acquire((u8 *)(r1 + 0))');
    expect(one(0xdb, 0, 1, -8, 0x100)).toBe('r0 = load_acquire((u64 *)(r1 - 8))');
    expect(one(0xcb, 1, 2, 0, 0x110)).toBe('store_release((u16 *)(r1 + 0), w2)');
    expect(one(0xdb, 1, 2, 4, 0x110)).toBe('store_release((u64 *)(r1 + 4), r2)');
  });

  it('reads any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
        if (bytes.length % 8 !== 0) {
          expect(() => disassemble(bytes)).toThrow(expect.objectContaining({ code: 'XDP_ERR_ASSEMBLER' }));
          return;
        }
        expect(encode(decode(bytes))).toEqual(bytes);
        for (const { index, text } of disassemble(bytes)) expect(`${index} ${text}`).toMatch(/^\d+ \S/);
      }),
      { numRuns: 2_000 },
    );
  });
});

const PROGRAM = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
static long (*redirect_map)(void *, u64, u64) = (void *)51;
static u64 (*now)(void) = (void *)5;
struct { int (*type)[17]; int (*max_entries)[64]; u32 *key, *value; } xsks __attribute__((section(".maps")));
u64 counters[8];
__attribute__((noinline, section("xdp"))) int hash(u8 *from, u32 n) {
  u32 h = 2166136261u;
  for (u32 i = 0; i < (n & 63); i++) h = (h ^ from[i]) * 16777619u;
  return h % 7 + ((int)h >> 4);
}
__attribute__((section("xdp"))) int program(struct xdp_md *ctx) {
  u8 *data = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
  if (data + 64 > end) return 2;
  u16 type = *(u16 *)(data + 12);
  if (type != 0x0008 && type != 0xdd86) return 2;
  __sync_fetch_and_add(&counters[data[23] & 7], 1);
  u64 big = *(u64 *)(data + 30) * 0x9e3779b97f4a7c15ull;
  if ((long long)big < -5 || __builtin_bswap32(*(u32 *)(data + 26)) > 0x0a000001) big ^= now();
  u32 local[4] = { (u32)big, (u32)(big >> 32), hash(data, 40), 9 };
  if (hash((u8 *)local, 16) & 1) *(u16 *)(data + 2) = __builtin_bswap16(type);
  return redirect_map(&xsks, ctx->rx_queue_index, 2);
}
`;
