// needs: bpftool
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { redirectProgram } from '../../dist/device/redirect-program.js';
import { disassemble, listing } from '../../dist/ebpf/index.js';
import { XdpProgram, XskMap } from '../../dist/kernel/index.js';

test('the redirect program, as committed', () => {
  expect(listing(redirectProgram({ fd: 3 }))).toMatchInlineSnapshot(`
    "    r2 = *(u32 *)(r1 + 16)
        r1 = map fd 3
        r3 = 2
        call redirect_map
        exit
    "
  `);
  expect(disassemble(redirectProgram({ fd: 3 })).map(({ text }) => text)).toMatchInlineSnapshot(`
    [
      "r2 = *(u32 *)(r1 + 16)",
      "ld_pseudo r1, 1, 3",
      "r3 = 2",
      "call 51",
      "exit",
    ]
  `);
});

test('the kernel loads it, and bpftool reads the same instructions', () => {
  using sockets = new XskMap('golden', 4);
  using program = new XdpProgram({ name: 'golden', instructions: redirectProgram(sockets) });
  const text = execFileSync('bpftool', ['prog', 'dump', 'xlated', 'id', String(program.info.id)], { encoding: 'utf8' });
  // The verifier puts the map's address in, and its own function for the call.
  expect(text).toMatch(/r2 = \*\(u32 \*\)/);
  expect(text.trim().split('\n').at(-1)).toMatch(/exit/);
});
