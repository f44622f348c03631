import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapHeader, pcapRecord } from '../../dist/wire/index.js';
import { patient } from '../patience.js';

/** A pcap file of these frames, a microsecond apart. */
export function pcapOf(frames: readonly Uint8Array[]): Uint8Array {
  const records = frames.map((bytes, i) => {
    const { length } = bytes;
    return pcapRecord({ bytes, offset: 0, length, originalLength: length, seconds: 1, nanoseconds: i * 1000 });
  });
  return Buffer.concat([pcapHeader(), ...records]);
}

/** A file that is there for as long as `use` takes. */
export function withFile<T>(bytes: Uint8Array, use: (path: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-capture-'));
  const remove = () => rmSync(directory, { recursive: true });
  try {
    const path = join(directory, 'frames');
    writeFileSync(path, bytes);
    const result = use(path);
    if (result instanceof Promise) return result.finally(remove) as T;
    remove();
    return result;
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * What tshark finds in each frame of a capture file: the fields by their names in its display filter language, several
 * values of one field separated by a vertical line.
 */
export function tsharkFields<F extends string>(
  path: string,
  fields: readonly F[],
  options: readonly string[] = [],
): Record<F, string>[] {
  const { status, stdout, stderr } = spawnSync(
    'tshark',
    ['-n', '-r', path, ...options, '-T', 'fields', '-E', 'aggregator=|', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 1 << 28, timeout: patient(60_000) },
  );
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ''])) as Record<F, string>;
    });
}

/** Has tshark judge every checksum, which it doesn't by itself. */
export const CHECK_CHECKSUMS: readonly string[] = ['ip', 'udp', 'tcp'].flatMap((name) => [
  '-o',
  `${name}.check_checksum:TRUE`,
]);
