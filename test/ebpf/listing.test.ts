import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Assembled,
  Assembler,
  encode,
  Helper,
  link,
  listing,
  R0,
  R1,
  R2,
  R3,
  R10,
  XdpAction,
} from '../../dist/ebpf/index.js';

function program(): Assembled {
  const a = new Assembler();
  const drop = a.fresh('drop');
  a.comment('struct xdp_md').load('u32', R2, R1, 16);
  a.comment('first').comment('second').jump('==', R2, 8, drop);
  a.map(R1, 'xsks').mapValue(R3, 'counters', 24).alu('+', R3, 8);
  a.callLocal('sub').callKernel('bpf_xdp_metadata_rx_hash');
  a.mov(R3, XdpAction.pass).call(Helper.redirectMap).exit();
  a.label(drop).label('end').mov(R0, XdpAction.drop).exit();
  a.label('sub').store('u32', R10, -4, 0).exit();
  return a.assemble();
}

it('shows names, labels and comments', () => {
  expect(listing(program())).toBe(`\
    r2 = *(u32 *)(r1 + 16)                          ; struct xdp_md
    if r2 == 8 goto drop#1                          ; first; second
    r1 = map xsks
    r3 = value of map counters + 24
    r3 += 8
    call sub
    call kernel bpf_xdp_metadata_rx_hash
    r3 = 2
    call redirect_map
    exit
drop#1:
end:
    r0 = 1
    exit
sub:
    *(u32 *)(r10 - 4) = 0
    exit
`);
});

it('shows bytes with what can be known of them', () => {
  const bytes = link(program(), { xsks: 5, counters: 6 }, { bpf_xdp_metadata_rx_hash: 4711 });
  expect(listing(bytes, { numbered: true })).toBe(`\
    0    r2 = *(u32 *)(r1 + 16)
    1    if r2 == 8 goto L12
    2    r1 = map fd 5
    4    r3 = value of map fd 6 + 24
    6    r3 += 8
    7    call L14
    8    call kernel function 4711
    9    r3 = 2
   10    call redirect_map
   11    exit
L12:
   12    r0 = 1
   13    exit
L14:
   14    *(u32 *)(r10 - 4) = 0
   15    exit
`);
});

it('shows what only others write', () => {
  const address = { opcode: 0x18, dst: 2, src: 4, offset: 0, immediate: 1 };
  const index = { opcode: 0x18, dst: 1, src: 5, offset: 0, immediate: 3 };
  const upper = { opcode: 0, dst: 0, src: 0, offset: 0, immediate: 0 };
  const exit = { opcode: 0x95, dst: 0, src: 0, offset: 0, immediate: 0 };
  expect(listing(encode([address, upper, exit, index, upper]))).toBe(`\
    r2 = subprogram L2
L2:
    exit
    r1 = pseudo 5, 3, 0
`);
});

it('places labels behind the instructions that go to them and before', () => {
  const bytes = link(new Assembler().label('loop').alu('-', R1, 1).jump('!=', R1, 0, 'loop').exit().assemble());
  expect(listing(bytes)).toBe('L0:\n    r1 -= 1\n    if r1 != 0 goto L0\n    exit\n');
});

it('shows any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 })), (slots) => {
      expect(listing(new Uint8Array(slots.flatMap((slot) => [...slot])))).toMatch(/^(.+\n)*$/);
    }),
  );
});
