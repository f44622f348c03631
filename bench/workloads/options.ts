import { parseArgs } from 'node:util';
import { calls } from 'xdpkit/sys';

/** What a workload is told: the same words, with the same meaning, as the C program's. */
export interface WorkloadOptions {
  readonly interfaces: readonly string[];
  readonly cpu: number | undefined;
  readonly ring: number;
  readonly batch: number;
  readonly frames: number;
  readonly wait: 'spin' | 'poll';
  readonly mode: 'native' | 'generic';
  readonly size: number;
  /** Of the generator; the C program has one workload for each. */
  readonly engine: 'xsk' | 'live';
  /** Of the pipeline: none at all, all idle, statistics switched on. */
  readonly stages: 'none' | 'idle' | 'statistics';
  /** Seconds. */
  readonly warmup: number;
  readonly duration: number;
}

export function readOptions(): WorkloadOptions {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cpu: text,
      ring: { ...text, default: '2048' },
      batch: { ...text, default: '256' },
      frames: { ...text, default: '8192' },
      wait: { ...text, default: 'spin' },
      mode: { ...text, default: 'native' },
      size: { ...text, default: '64' },
      engine: { ...text, default: 'xsk' },
      stages: { ...text, default: 'idle' },
      warmup: { ...text, default: '1' },
      duration: { ...text, default: '5' },
      json: { type: 'boolean' },
    },
  });
  return {
    interfaces: positionals,
    cpu: values.cpu === undefined ? undefined : Number(values.cpu),
    ring: Number(values.ring),
    batch: Number(values.batch),
    frames: Number(values.frames),
    wait: values.wait === 'poll' ? 'poll' : 'spin',
    mode: values.mode === 'generic' ? 'generic' : 'native',
    size: Number(values.size),
    engine: values.engine === 'live' ? 'live' : 'xsk',
    stages: values.stages as WorkloadOptions['stages'],
    warmup: Number(values.warmup),
    duration: Number(values.duration),
  };
}

export function pin(options: WorkloadOptions): void {
  if (options.cpu !== undefined) calls.setAffinity([options.cpu]);
}
