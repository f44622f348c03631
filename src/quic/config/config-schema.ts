import { z } from 'zod';
import type { OpenSteeringOptions } from '../backend/steered-interface.js';
import type { CidCodecOptions } from '../cid/cid-codec.js';

/** What a configuration file holds, read. */
export interface ConfigFile
  extends Pick<
    OpenSteeringOptions,
    | 'initial'
    | 'oddPackets'
    | 'withoutSocket'
    | 'idLength'
    | 'capacity'
    | 'flows'
    | 'counters'
    | 'insertsPerSecond'
    | 'rings'
    | 'keepers'
    | 'keeperCpus'
  > {
  readonly codec: CidCodecOptions;
  readonly ports: readonly number[];
  readonly backends: readonly BackendEntry[];
}

interface BackendEntry {
  readonly id: number;
  readonly weight?: number | undefined;
  readonly act?: 'socket' | 'host' | 'drop' | undefined;
  /** A path, relative to the file. */
  readonly module?: string | undefined;
  readonly data?: unknown;
  readonly cpu?: number | undefined;
  readonly draining?: boolean | undefined;
}

const whole = (low: number, high: number) =>
  z
    .number({ error: `is a number from ${low} to ${high}` })
    .int({ error: 'is a whole number' })
    .min(low, { error: `is ${low} to ${high}` })
    .max(high, { error: `is ${low} to ${high}` });

const hex = z
  .string({ error: 'is hexadecimal digits, in quotes' })
  .regex(/^([0-9a-f]{2})*$/i, { error: 'is hexadecimal digits, two for each byte' })
  .transform((text) => new Uint8Array(Buffer.from(text, 'hex')));

const one = <const T extends readonly string[]>(...values: T) => z.enum(values, { error: `is ${values.join(', ')}` });

const codecSchema = z.discriminatedUnion('codec', [
  z.strictObject({ codec: z.literal('cidv1'), position: whole(1, 18).optional(), length: whole(3, 20).optional() }),
  z.strictObject({
    codec: z.literal('katran'),
    version: z.union([z.literal(1), z.literal(2), z.literal(3)], { error: 'is 1, 2 or 3' }).optional(),
    length: whole(3, 20).optional(),
  }),
  z.strictObject({ codec: z.literal('msquic'), serverId: one('ip', 'fixed').optional() }),
  z.strictObject({
    codec: z.literal('cibir'),
    offset: whole(0, 19).optional(),
    idLength: whole(1, 6),
    prefix: hex.optional(),
  }),
  z.strictObject({
    codec: z.literal('quic-lb'),
    configs: z
      .array(
        z.strictObject({
          id: whole(0, 6).optional(),
          serverIdLength: whole(1, 15),
          nonceLength: whole(4, 18),
          key: hex.optional(),
          serverIdPrefix: hex.optional(),
        }),
      )
      .min(1, { error: 'is an empty list' }),
    lengthSelfEncoding: z.boolean().optional(),
    issue: whole(0, 6).optional(),
  }),
]);

const backendSchema = z
  .strictObject({
    id: whole(0, 0xffff_ffff),
    weight: whole(1, 65_535).optional(),
    act: one('socket', 'host', 'drop').optional(),
    module: z.string({ error: 'is the path of a module' }).min(1, { error: 'is empty' }).optional(),
    data: z.unknown().optional(),
    cpu: whole(0, 8191).optional(),
    draining: z.boolean().optional(),
  })
  .superRefine(({ act = 'socket', module }, context) => {
    const problem = (message: string, path: string) => context.addIssue({ code: 'custom', message, path: [path] });
    if (act === 'socket' && module === undefined) problem('is missing: it serves the backend', 'module');
    if (act !== 'socket' && module !== undefined) problem(`has nothing to serve where packets go to: ${act}`, 'module');
  });

const ring = whole(32, 32_768).optional();

export const configSchema: z.ZodType<ConfigFile> = z
  .strictObject({
    codec: codecSchema,
    ports: z.array(whole(1, 65_535)).min(1, { error: 'is an empty list' }).max(16, { error: 'has at most 16 entries' }),
    initial: one('decode', 'hash').optional(),
    oddPackets: one('drop', 'pass').optional(),
    withoutSocket: one('drop', 'pass').optional(),
    idLength: whole(0, 20).optional(),
    capacity: whole(1, 4096).optional(),
    flows: whole(1, 1 << 24).optional(),
    counters: whole(1, 1 << 24).optional(),
    insertsPerSecond: whole(1, 1_000_000).optional(),
    rings: z.strictObject({ rx: ring, tx: ring, fill: ring, completion: ring }).optional(),
    keepers: whole(1, 1024).optional(),
    keeperCpus: z.array(whole(0, 8191)).min(1).optional(),
    backends: z.array(backendSchema),
  })
  .superRefine(({ backends }, context) => {
    for (const [i, { id }] of backends.entries()) {
      const first = backends.findIndex((backend) => backend.id === id);
      const path = ['backends', i, 'id'];
      if (first < i) context.addIssue({ code: 'custom', message: `is that of backends[${first}], too: ${id}`, path });
    }
  });
