import {
  type CidCodec,
  cidCodec,
  type OpenSteeringOptions,
  openSteering,
  type SteeredInterface,
} from '../../dist/quic/index.js';
import { patient } from '../patience.js';
import type { ClientReport, QuicBed } from './quic-bed.js';

/** Words of the counts of examples/quic-echo. */
export const Word = { packets: 0, accepted: 1, unknown: 2, strangers: 3, stop: 4 } as const;
export const QUEUES = 4;

/** examples/quic-echo on a bed, with a count of each backend. */
export class EchoServer {
  readonly steered: SteeredInterface;
  readonly counts: Map<number, Int32Array> = new Map();
  readonly #bed: QuicBed;
  readonly #module: string;

  private constructor(steered: SteeredInterface, bed: QuicBed, examples: string) {
    this.steered = steered;
    this.#bed = bed;
    this.#module = `file://${examples}quic-echo/backend.js`;
  }

  static async open(
    bed: QuicBed,
    examples: string,
    ids: readonly number[],
    options: Partial<OpenSteeringOptions> = {},
  ): Promise<EchoServer> {
    const codec: CidCodec = cidCodec({ codec: 'cidv1' });
    const steered = await openSteering('port0', { codec, netns: bed.netns, ports: [4433], keepers: 1, ...options });
    const server = new EchoServer(steered, bed, examples);
    for (const id of ids) await server.add(id);
    return server;
  }

  async add(id: number): Promise<void> {
    const words = new Int32Array(new SharedArrayBuffer(5 * 4));
    this.counts.set(id, words);
    const { certificate, key } = this.#bed;
    const data = { codec: { codec: 'cidv1' }, certificate, key, counts: words.buffer };
    await this.steered.add({ id, module: this.#module, data });
  }

  /** Summed up over all backends. */
  total(word: number): number {
    return [...this.counts.values()].reduce((sum, words) => sum + words[word]!, 0);
  }
}

export { patient };
export const failures = (reports: readonly ClientReport[]): string[] => reports.flatMap(({ failure }) => failure ?? []);
/** Ids of backends that a client's IDs name: CIDv1 has them in bytes 2 and 3. */
export const named = ({ ids }: Pick<ClientReport, 'ids'>): number[] => [
  ...new Set(ids.map((id) => Number.parseInt(id.slice(4, 8), 16))),
];
