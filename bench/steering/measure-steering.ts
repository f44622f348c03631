import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type CidCodec, type CidCodecOptions, cidCodec } from 'xdpkit/quic';
import { describedFrame } from 'xdpkit/wire';
import { type Comparison, comparePrograms, type TimingSettings } from '../rules/time-programs.js';
import { quicFrames } from './frames.js';
import { LoadedPair } from './loaded-pair.js';

/** The steering in C, by the names of its files. */
const DIRECTORY = new URL('../../../bench/c-steering/', import.meta.url);
const BACKENDS = [4, 4096];
const SEED = 1;

interface Subject {
  readonly file: string;
  /** What IDs are made with, by a name for each. They are all decoded by the first. */
  readonly codecs: Readonly<Record<string, CidCodecOptions>>;
}

const SUBJECTS: readonly Subject[] = [
  { file: 'cidv1', codecs: { cidv1: { codec: 'cidv1' } } },
  {
    file: 'katran',
    codecs: {
      'katran v1': { codec: 'katran', version: 1 },
      'katran v2': { codec: 'katran', version: 2 },
      'katran v3': { codec: 'katran', version: 3 },
    },
  },
  {
    file: 'quic-lb',
    codecs: { 'quic-lb, plain': { codec: 'quic-lb', configs: [{ id: 0, serverIdLength: 3, nonceLength: 5 }] } },
  },
];

interface SteeringTime extends Comparison {
  readonly codec: string;
  readonly backends: number;
  readonly packet: string;
}

export interface SteeringResult {
  /** Frames on which both agreed before, in verdicts, counters and tables. */
  readonly compared: number;
  readonly times: readonly SteeringTime[];
}

export interface SteeringSettings extends TimingSettings {
  /** How many are compared before. */
  readonly frames: number;
}

/** Steering beside the same in C, in BPF_PROG_TEST_RUN. Needs make, clang-14 and libbpf-dev. */
export function measureSteering(settings: SteeringSettings, note: (text: string) => void): SteeringResult {
  execFileSync('make', ['-s', '-C', fileURLToPath(DIRECTORY)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const times = SUBJECTS.flatMap((subject) =>
    BACKENDS.flatMap((backends) => measureSubject(settings, subject, backends, note)),
  );
  return { compared: settings.frames, times };
}

function measureSubject(
  settings: SteeringSettings,
  { file, codecs }: Subject,
  backends: number,
  note: (text: string) => void,
): SteeringTime[] {
  const makers = Object.entries(codecs).map(([name, options]) => [name, cidCodec(options)] as const);
  using pair = new LoadedPair(fileURLToPath(new URL(`build/${file}.o`, DIRECTORY)), makers[0]![1], backends);
  for (const [name, codec] of makers) {
    pair.compare(`${name}, ${backends} backends`, quicFrames(settings.frames, SEED, codec, backends));
  }
  return makers.flatMap(([codec, maker]) =>
    Object.entries(packets(maker, backends)).map(([packet, frame]): SteeringTime => {
      const compared = comparePrograms(settings, pair.ours, pair.theirs, frame);
      note(
        `${codec}, ${backends}, ${packet}: ${compared.ours.wall.toFixed(1)} ns, in C ${compared.theirs.wall.toFixed(1)}`,
      );
      return { codec, backends, packet, ...compared };
    }),
  );
}

/** What is measured: frames by name. */
function packets(codec: CidCodec, backends: number): Record<string, Uint8Array> {
  const fill = (bytes: Uint8Array) => bytes.fill(0x5a);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const [known, unknown] = [codec.encode(backends, fill), codec.encode(backends + 7, fill)];
  const rest = '5a'.repeat(40);
  const long = (first: string, id: Uint8Array) => {
    return `${first}00000001${id.length.toString(16).padStart(2, '0')}${hex(id)}08${'a5'.repeat(8)}${rest}`;
  };
  const udp = (payload: string) => describedFrame(`udp 20.10.3.4:40000 > 198.51.100.7:4433 payload ${payload}`);
  const udp6 = (payload: string) => describedFrame(`udp [2a00:1450::1]:40000 > [2001:db8::7]:4433 payload ${payload}`);
  return {
    short: udp(`40${hex(known)}${rest}`),
    'short, IPv6': udp6(`40${hex(known)}${rest}`),
    handshake: udp(long('e0', known)),
    initial: udp(long('c0', known)),
    unknown: udp(`40${hex(unknown)}${rest}`),
  };
}
