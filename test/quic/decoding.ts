import {
  Assembler,
  Interpreter,
  InterpreterArray,
  InterpreterProgram,
  link,
  R0,
  R1,
  R2,
  R6,
  R8,
  R9,
  XdpAction,
  XdpContext,
} from '../../dist/ebpf/index.js';
import { BpfMap, TestRun, u32, XdpProgram } from '../../dist/kernel/index.js';
import type { CidCodec } from '../../dist/quic/index.js';

/** Bytes in front of the ID: 14 that stand for Ethernet, the result in 8 of them, and its length. */
const HEADER = 15;
/** Instead of a length: nobody tells it, as in a short header. */
const SHORT_FORM = 255;
const NO_PROGRAM = -99n;

/** A program that decodes the ID in a packet of {@link packetOf}, as a long header has it or a short one. */
function decodingProgram(codec: CidCodec): Assembler {
  const a = new Assembler();
  a.load('u32', R6, R1, XdpContext.data).load('u32', R9, R1, XdpContext.dataEnd);
  a.mov(R0, XdpAction.drop).mov(R2, R6).alu('+', R2, HEADER).jump('>', R2, R9, 'out');
  a.store('u64', R6, 0, Number(NO_PROGRAM));
  a.load('u8', R8, R6, HEADER - 1).jump32('==', R8, SHORT_FORM, 'short');
  const place = { base: R6, at: HEADER, end: R9, stack: -codec.stackBytes, failed: 'result' };
  codec.emitDecode(a, { ...place, length: R8 });
  a.goto('result').label('short');
  codec.emitDecode(a, { ...place, length: 20 });
  a.label('result').store('u64', R6, 0, R0).mov(R0, XdpAction.pass).label('out').exit();
  codec.emitFunctions(a);
  return a;
}

export function packetOf(id: Uint8Array, form: 'long' | 'short'): Uint8Array {
  const packet = new Uint8Array(HEADER + id.length);
  packet[HEADER - 1] = form === 'long' ? id.length : SHORT_FORM;
  packet.set(id, HEADER);
  return packet;
}

/** The server or failure that the program wrote. */
function resultIn(packet: Uint8Array): number {
  return Number(new DataView(packet.buffer, packet.byteOffset).getBigInt64(0, true));
}

/** {@link decodingProgram} in the kernel. */
export class KernelDecoder implements Disposable {
  readonly #maps: BpfMap[] = [];
  readonly #program: XdpProgram;
  readonly #run: TestRun;

  constructor(codec: CidCodec, program: Assembler = decodingProgram(codec)) {
    const fds: Record<string, number> = {};
    for (const { name, value } of codec.tables) {
      const map = new BpfMap({ kind: 'array', name, keySize: 4, valueSize: value.length, maxEntries: 1 });
      this.#maps.push(map);
      map.update(u32(0), value);
      fds[name] = map.fd;
    }
    this.#program = new XdpProgram({ name: 'decode', instructions: link(program.assemble(), fds) });
    this.#run = new TestRun(this.#program);
  }

  decode(packet: Uint8Array): number {
    return resultIn(this.#run.run(packet).packet);
  }

  /** Nanoseconds a run. */
  time(packet: Uint8Array, repeat: number): number {
    return this.#run.run(packet, { repeat }).duration;
  }

  [Symbol.dispose](): void {
    this.#program.close();
    for (const map of this.#maps) map.close();
  }
}

/** The same in TypeScript. */
export function interpretedDecoder(codec: CidCodec): (packet: Uint8Array) => number {
  const maps: Record<string, InterpreterArray> = {};
  for (const { name, value } of codec.tables) {
    const map = new InterpreterArray({ valueSize: value.length, maxEntries: 1 });
    map.update(u32(0), value);
    maps[name] = map;
  }
  const interpreter = new Interpreter(new InterpreterProgram(decodingProgram(codec).assemble(), maps));
  return (packet) => resultIn(interpreter.run(packet).packet);
}
