import { styleText } from 'node:util';
import { Assembler, link, R0, R1, R2, R6, R8, R9, XdpAction, XdpContext } from 'xdpkit/ebpf';
import { BpfMap, TestRun, u32, XdpProgram } from 'xdpkit/kernel';
import { type CidCodec, type CidCodecOptions, cidCodec } from 'xdpkit/quic';
import { type Time, type TimingSettings, timePrograms } from './rules/time-programs.js';

/** What decoding a connection ID takes in the kernel, net of an empty program. */
export interface CidTimes extends Time {
  readonly name: string;
  readonly instructions: number;
  readonly disturbed: number;
}

/** Ethernet, and the ID's length. */
const HEADER = 15;
const key = Buffer.from('8f95f09245765f80256934e50c66207f', 'hex');
const quicLb = (serverIdLength: number, nonceLength: number, encrypted: boolean): CidCodecOptions => ({
  codec: 'quic-lb',
  configs: [{ serverIdLength, nonceLength, ...(encrypted && { key }) }],
});

const CODECS: Readonly<Record<string, CidCodecOptions>> = {
  cidv1: { codec: 'cidv1' },
  'katran v1': { codec: 'katran' },
  'katran v2': { codec: 'katran', version: 2 },
  'katran v3': { codec: 'katran', version: 3 },
  msquic: { codec: 'msquic' },
  'quic-lb plain 3+4': quicLb(3, 4, false),
  'quic-lb 1 block 4+12': quicLb(4, 12, true),
  'quic-lb 1 block 8+8': quicLb(8, 8, true),
  'quic-lb 1 block 12+4': quicLb(12, 4, true),
  'quic-lb 3 passes 3+4': quicLb(3, 4, true),
  'quic-lb 4 passes 10+5': quicLb(10, 5, true),
  'quic-lb 4 passes 15+4': quicLb(15, 4, true),
};

export function measureCid(settings: TimingSettings): CidTimes[] {
  return Object.entries(CODECS).map(([name, options]) => {
    const codec = cidCodec(options);
    const id = codec.encode(codec.highestServer);
    const packet = new Uint8Array(HEADER + id.length);
    packet[HEADER - 1] = id.length;
    packet.set(id, HEADER);
    using decoder = new Decoder(codec);
    const run = new TestRun(decoder.program);
    // A program that decodes nothing would be quick.
    const found = run.run(packet).action;
    if (found !== codec.highestServer) throw new Error(`${name}: found ${found}, not ${codec.highestServer}`);
    const { times, disturbed } = timePrograms(settings, [run], packet);
    return { name, instructions: decoder.instructions, ...times[0]!, disturbed };
  });
}

/** Returns the server that the packet's ID names. */
class Decoder implements Disposable {
  readonly program: XdpProgram;
  readonly instructions: number;
  readonly #maps: BpfMap[] = [];

  constructor(codec: CidCodec) {
    const fds: Record<string, number> = {};
    for (const { name, value } of codec.tables) {
      const map = new BpfMap({ kind: 'array', name, keySize: 4, valueSize: value.length, maxEntries: 1 });
      map.update(u32(0), value);
      this.#maps.push(map);
      fds[name] = map.fd;
    }
    const assembled = programOf(codec).assemble();
    this.instructions = assembled.instructions.length;
    this.program = new XdpProgram({ name: 'cid', instructions: link(assembled, fds) });
  }

  [Symbol.dispose](): void {
    this.program.close();
    for (const map of this.#maps) map.close();
  }
}

function programOf(codec: CidCodec): Assembler {
  const a = new Assembler();
  a.load('u32', R6, R1, XdpContext.data).load('u32', R9, R1, XdpContext.dataEnd);
  a.mov(R0, XdpAction.drop)
    .mov(R2, R6)
    .alu('+', R2, HEADER)
    .jump('>', R2, R9, 'out')
    .load('u8', R8, R6, HEADER - 1);
  codec.emitDecode(a, { base: R6, at: HEADER, end: R9, length: R8, stack: -codec.stackBytes, failed: 'out' });
  a.label('out').exit();
  codec.emitFunctions(a);
  return a;
}

export function printCid(all: readonly CidTimes[]): void {
  console.log(styleText('bold', '\nconnection IDs          ns (CPU ns)  instructions'));
  for (const { name, wall, cpu, instructions, disturbed } of all) {
    const time = `${wall.toFixed(1)} (${cpu.toFixed(1)})`.padStart(16);
    console.log(
      `${name.padEnd(22)}${time}${String(instructions).padStart(12)}${disturbed > 0 ? `   ${disturbed} disturbed` : ''}`,
    );
  }
}
