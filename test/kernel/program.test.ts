// needs: bpftool
import { expect, test } from 'vitest';
import { Assembler, Helper, link, R0, R1, R2, XdpAction, XdpContext } from '../../dist/ebpf/index.js';
import { programInfo, VerifierError, XdpProgram } from '../../dist/kernel/index.js';
import { XdpError } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { bpftool } from './bpftool.js';
import { returning } from './programs.js';

failOnLeaks();

function refusal(write: (a: Assembler) => Assembler, license?: string): VerifierError {
  const instructions = link(write(new Assembler()).assemble());
  try {
    new XdpProgram({ name: 'refused', instructions, ...(license !== undefined && { license }) });
  } catch (error) {
    expect(error).toBeInstanceOf(VerifierError);
    return error as VerifierError;
  }
  throw new Error('the kernel took it');
}

test('a program is what bpftool shows', () => {
  using program = returning(XdpAction.pass, 'a-name_too_long_for_it');
  const { id, tag, name } = program.info;
  expect(bpftool(`prog show id ${id}`)).toMatchObject({ id, tag, type: 'xdp', name, gpl_compatible: true });
  expect(name).toBe('a_name_too_long');
  expect(programInfo(id)).toEqual(program.info);
});

test('the same instructions have the same tag', () => {
  using one = returning(XdpAction.pass);
  using two = returning(XdpAction.pass);
  using other = returning(XdpAction.drop);
  expect(one.info.tag).toBe(two.info.tag);
  expect(one.info.tag).not.toBe(other.info.tag);
  expect(one.info.id).not.toBe(two.info.id);
});

test('a program that is gone has no information', () => {
  const program = returning(XdpAction.pass);
  const { id } = program.info;
  program.close();
  program.close();
  expect(() => program.fd).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
  return expect.poll(() => programInfo(id)).toBeUndefined();
});

test("a refused program's error has the verifier's last words, and its whole log", () => {
  const error = refusal((a) => a.exit());
  expect(error).toBeInstanceOf(XdpError);
  expect(error).toMatchObject({ code: 'XDP_ERR_VERIFIER', name: 'VerifierError', errnoName: 'EACCES' });
  expect(error.message).toMatch(/^the kernel refused the program refused: /);
  expect(error.message).toContain('R0 !read_ok');
  expect(error.message).not.toContain('processed');
  expect(error.log).toContain('R0 !read_ok');
  expect(error.log).toMatch(/processed \d+ insns/);
});

test('a packet access that was not compared with its end', () => {
  const error = refusal((a) => a.load('u32', R2, R1, XdpContext.data).load('u8', R0, R2, 13).exit());
  expect(error.message).toMatch(/invalid access to packet, off=13 size=1/);
  expect(error.log.split('\n').length).toBeGreaterThan(3);
});

test('a helper for GPL programs, under another license', () => {
  const tracing = (a: Assembler) => a.mov(R1, 0).mov(R2, 0).call(Helper.tracePrintk).mov(R0, 2).exit();
  expect(refusal(tracing, 'Proprietary').message).toContain(
    'cannot call GPL-restricted function from non-GPL compatible program',
  );
});

test('a loop without an end', () => {
  expect(refusal((a) => a.mov(R0, 0).label('again').goto('again').exit()).code).toBe('XDP_ERR_VERIFIER');
});
