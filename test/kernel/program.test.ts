// needs: bpftool, ip
import { describe, expect, test } from 'vitest';
import { Assembler, Helper, link, R0, R1, R2, XdpAction, XdpContext } from '../../dist/ebpf/index.js';
import {
  BpfMap,
  Btf,
  MapFlag,
  programInfo,
  TestRun,
  u32,
  VerifierError,
  XdpLink,
  XdpProgram,
} from '../../dist/kernel/index.js';
import { createLab, getLink } from '../../dist/netdev/index.js';
import { calls, OwnedFd, withNamespace, XdpError } from '../../dist/sys/index.js';
import { failOnLeaks, kernelIs, run } from '../netdev/oracle.js';
import { bpftool } from './bpftool.js';
import { BtfBytes } from './btf-bytes.js';
import { counting, countsMap, returning, written } from './programs.js';

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

describe('what the kernel says of a program', () => {
  test('is what bpftool shows', () => {
    using counts = countsMap(1);
    using program = counting(counts, 0, XdpAction.pass);
    const { id, mapIds, uid, loadedAt, verifiedInstructions, type } = program.info;
    const shown = bpftool(`prog show id ${id}`);
    expect(mapIds).toEqual(shown.map_ids);
    expect(mapIds).toEqual([counts.info.id]);
    expect({ uid, type }).toEqual({ uid: shown.uid, type: 6 });
    // bpftool counts from 1970, in seconds.
    const booted = Date.now() / 1000 - Number(/^[\d.]+/.exec(run('cat /proc/uptime'))?.[0]);
    expect(Math.abs(booted + Number(loadedAt) / 1e9 - shown.loaded_at)).toBeLessThan(3);
    expect(verifiedInstructions).toBeGreaterThanOrEqual(5);
  });

  test('is to be had by id, and a program opened by id is the same', () => {
    using program = returning(XdpAction.tx);
    using same = XdpProgram.openId(program.info.id)!;
    expect(same.info).toEqual(program.info);
    expect(new TestRun(same).run(new Uint8Array(60)).action).toBe(XdpAction.tx);
    expect(XdpProgram.openId(0x7fff_ffff)).toBeUndefined();
  });

  test('a program of another type is not opened', () => {
    const BPF_PROG_TYPE_SOCKET_FILTER = 1;
    const instructions = link(new Assembler().mov(R0, 0).exit().assemble());
    const license = Buffer.from('GPL\0');
    const attributes = new BigUint64Array(16);
    new Uint32Array(attributes.buffer).set([BPF_PROG_TYPE_SOCKET_FILTER, 2]);
    attributes.set([calls.addressOf(instructions), calls.addressOf(license)].map(BigInt), 1);
    using filter = new OwnedFd(calls.bpf(5, attributes), 'socket filter');
    const id = Math.max(...bpftool('prog show').map((shown: { id: number }) => shown.id));
    expect(programInfo(id)?.type).toBe(BPF_PROG_TYPE_SOCKET_FILTER);
    expect(() => XdpProgram.openId(id)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
    expect(filter.isClosed).toBe(false);
  });
});

describe('options', () => {
  test('the log of a program that is accepted', () => {
    const text = (logLevel: number) => {
      using program = written((a) => a.mov(R0, 2).exit(), {}, { logLevel });
      return program.log;
    };
    expect(text(0)).toBe('');
    expect(text(4)).toMatch(/processed 2 insns/);
    expect(text(2)).toMatch(/0: .*r0 = 2/);
  });

  test('a log longer than a mebibyte', () => {
    const many = (a: Assembler) => {
      a.mov(R0, 0);
      for (let i = 0; i < 20_000; i++) a.alu('+', R0, 1).alu('&', R0, 0xff);
      return a.exit();
    };
    using program = written(many, {}, { logLevel: 2 });
    expect(program.log.length).toBeGreaterThan(1 << 20);
    expect(program.log).toMatch(/^0: .*r0 = 0/m);
    expect(program.log).toMatch(/processed 40002 insns/);
  });

  test('fragments: attached in native mode to an interface with a large MTU', () => {
    using lab = createLab('frags');
    const netns = lab.namespace('near');
    lab.veth({ name: 'port0', netns, mtu: 9000, peer: { name: 'port1', netns, mtu: 9000 } });
    using plain = returning(XdpAction.pass);
    using able = returning(XdpAction.pass, 'returning', { fragments: true });
    const attach = (program: XdpProgram) =>
      withNamespace<XdpLink>(netns, () => XdpLink.attach(program, getLink('port0', { netns }), 'native'));
    expect(() => attach(plain)).toThrow(expect.objectContaining({ code: 'XDP_ERR_MTU' }));
    using attached = attach(able);
    expect(attached.mode).toBe('native');
  });

  test('bound to an interface: attached only there', (context) => {
    context.skip(!kernelIs(6, 3), 'needs Linux 6.3');
    using lab = createLab('bound');
    const netns = lab.namespace('near');
    lab.veth({ name: 'port0', netns, peer: { name: 'port1', netns } });
    const [port0, port1] = ['port0', 'port1'].map((name) => getLink(name, { netns }));
    using program = withNamespace<XdpProgram>(netns, () =>
      returning(XdpAction.pass, 'returning', { boundTo: port0!.index }),
    );
    const attach = (target: { index: number; name: string }) =>
      withNamespace<XdpLink>(netns, () => XdpLink.attach(program, target, 'native'));
    expect(() => attach(port1!)).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
    using attached = attach(port0!);
    expect(attached.info.target).toEqual({ kind: 'xdp', ifindex: port0!.index });
    expect(() => new TestRun(program).run(new Uint8Array(60))).toThrow(
      expect.objectContaining({ errnoName: 'EINVAL' }),
    );
  });

  test('bound to an interface that can not be: none is there, or the kernel is before Linux 6.3', () => {
    const absent = { index: 2 ** 31 - 1 };
    for (const { index } of kernelIs(6, 3) ? [absent] : [absent, getLink('lo')]) {
      expect(() => returning(XdpAction.pass, 'returning', { boundTo: index })).toThrow(
        expect.objectContaining({ code: 'XDP_ERR_PLATFORM', message: expect.stringContaining(`index ${index}`) }),
      );
    }
  });

  test.each(['devmap', 'cpumap'] as const)('for a %s: attached to no interface', (attachTo) => {
    using program = returning(XdpAction.pass, 'returning', { attachTo });
    expect(() => XdpLink.attach(program, { index: 1, name: 'lo' }, 'generic')).toThrow(
      expect.objectContaining({ errnoName: 'EINVAL' }),
    );
  });

  test('BTF gives a program its function and lines, and a map its fields', () => {
    const types = new BtfBytes();
    const int = types.integer('int', 4, true);
    const u64 = types.integer('u64', 8);
    const main = types.function('entry_point', int);
    const counters = types.struct('counters', 16, [
      { name: 'packets', type: u64, offset: 0 },
      { name: 'octets', type: u64, offset: 8 },
    ]);
    const [file, line] = [types.string('source.c'), types.string('return XDP_PASS;')];
    using btf = new Btf(types.bytes());
    const words = (...values: number[]) => new Uint8Array(new Uint32Array(values).buffer);
    using program = returning(XdpAction.pass, 'returning', {
      btf: {
        fd: btf.fd,
        functions: { size: 8, records: words(0, main) },
        lines: { size: 16, records: words(0, file, line, (7 << 10) | 3) },
      },
    });
    const dumped = run(`bpftool prog dump xlated id ${program.info.id} linum`);
    expect(dumped).toContain('int entry_point()');
    expect(dumped).toContain('; return XDP_PASS; [file:source.c line_num:7 line_col:3]');
    using map = new BpfMap({
      kind: 'array',
      name: 'counters',
      valueSize: 16,
      maxEntries: 1,
      flags: MapFlag.mappable,
      btf: { fd: btf.fd, keyType: int, valueType: counters },
    });
    map.update(u32(0), words(5, 0, 6, 0));
    expect(bpftool(`map dump id ${map.info.id}`)[0].formatted).toEqual({ key: 0, value: { packets: 5, octets: 6 } });
  });

  test('BTF that is none', () => {
    expect(() => new Btf(new Uint8Array(30))).toThrow(expect.objectContaining({ code: 'XDP_ERR_VERIFIER' }));
    const types = new BtfBytes();
    types.function('f', 99);
    expect(() => new Btf(types.bytes())).toThrow(
      'the kernel refused the BTF: [1] FUNC_PROTO (anon) return=99 args=(void) Invalid return type',
    );
  });
});
