import { Errno } from '../sys/index.js';
import {
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_UPDATE_BATCH,
  BpfAttributes,
  ENOTSUPP,
} from './bpf.js';
import { mapError } from './map-error.js';
import type { MapKind } from './map-kind.js';

/** Elements of a map, side by side. Views: the next batch writes over them. */
export interface MapBatch {
  readonly count: number;
  /** `count` keys. */
  readonly keys: Uint8Array;
  /** `count` values, as large as a lookup's. */
  readonly values: Uint8Array;
}

/** What batches need to know of a map, and how they get along where the kernel has no batches for its kind. */
interface Target {
  readonly kind: MapKind;
  readonly fd: number;
  readonly name: string;
  readonly keySize: number;
  readonly lookupSize: number;
  readonly maxEntries: number;
  keys(): Iterable<Uint8Array>;
  lookup(key: Uint8Array): Uint8Array | undefined;
  take(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): boolean;
}

/** Bytes of one batch, about: larger ones are not quicker. */
const BATCH_BYTES = 64 << 10;

/** The kernel has no batches for this kind of map, or none at all (before Linux 5.6: EINVAL). */
const isUnsupported = (result: number): boolean => result === -ENOTSUPP || result === -Errno.EINVAL;

/** All elements, some thousand at a time; with `take` they are taken out as they are read. */
export function* readBatches(map: Target, take: boolean): Generator<MapBatch> {
  const command = take ? BPF_MAP_LOOKUP_AND_DELETE_BATCH : BPF_MAP_LOOKUP_BATCH;
  const room = Math.ceil(BATCH_BYTES / (map.keySize + map.lookupSize));
  let capacity = Math.min(map.maxEntries, room);
  let keys = new Uint8Array(capacity * map.keySize);
  let values = new Uint8Array(capacity * map.lookupSize);
  // Where the kernel goes on: the number of a bucket, or a key.
  const position = new Uint8Array(Math.max(4, map.keySize));
  for (let begun = false; ; ) {
    const attributes = new BpfAttributes().pointer(8, position).pointer(16, keys).pointer(24, values);
    attributes.u32(32, capacity).u32(36, map.fd);
    if (begun) attributes.pointer(0, position);
    const result = attributes.call(command);
    const count = attributes.readU32(32);
    if (result < 0 && result !== -Errno.ENOENT && result !== -Errno.ENOSPC) {
      if (begun || !isUnsupported(result)) throw mapError('reading', map, result);
      yield* readSingly(map, take, capacity);
      return;
    }
    if (result === -Errno.ENOSPC) {
      // A bucket of a hash map has more elements than fit into the batch: the next try begins with it.
      capacity *= 2;
      keys = new Uint8Array(capacity * map.keySize);
      values = new Uint8Array(capacity * map.lookupSize);
      continue;
    }
    if (count > 0) {
      yield { count, keys: keys.subarray(0, count * map.keySize), values: values.subarray(0, count * map.lookupSize) };
    }
    if (result === -Errno.ENOENT) return;
    begun = true;
  }
}

function* readSingly(map: Target, take: boolean, capacity: number): Generator<MapBatch> {
  const keys = new Uint8Array(capacity * map.keySize);
  const values = new Uint8Array(capacity * map.lookupSize);
  const batch = (count: number) => ({
    count,
    keys: keys.subarray(0, count * map.keySize),
    values: values.subarray(0, count * map.lookupSize),
  });
  let count = 0;
  for (const key of map.keys()) {
    const value = take ? map.take(key) : map.lookup(key);
    if (value === undefined) continue;
    keys.set(key, count * map.keySize);
    values.set(value, count * map.lookupSize);
    count++;
    if (count < capacity) continue;
    yield batch(count);
    count = 0;
  }
  if (count > 0) yield batch(count);
}

/** @throws RangeError unless both are whole, and equally many, elements */
export function updateBatch(map: Target, keys: Uint8Array, values: Uint8Array): void {
  const total = countOf(map, keys);
  if (values.length !== total * map.lookupSize) {
    throw new RangeError(
      `${total} values of map ${map.name} have ${total * map.lookupSize} bytes, not ${values.length}`,
    );
  }
  const attributes = new BpfAttributes().pointer(16, keys).pointer(24, values).u32(32, total).u32(36, map.fd);
  const result = total === 0 ? 0 : attributes.call(BPF_MAP_UPDATE_BATCH);
  if (result >= 0) return;
  if (!isUnsupported(result)) throw mapError('writing into', map, result);
  for (let i = 0; i < total; i++) map.update(slice(keys, i, map.keySize), slice(values, i, map.lookupSize));
}

/** @returns how many of the keys there were */
export function deleteBatch(map: Target, keys: Uint8Array): number {
  const total = countOf(map, keys);
  let deleted = 0;
  for (let done = 0; done < total; ) {
    const attributes = new BpfAttributes().pointer(16, keys.subarray(done * map.keySize));
    attributes.u32(32, total - done).u32(36, map.fd);
    const result = attributes.call(BPF_MAP_DELETE_BATCH);
    if (done === 0 && isUnsupported(result)) return deleteSingly(map, keys, total);
    if (result < 0 && result !== -Errno.ENOENT) throw mapError('deleting from', map, result);
    const count = attributes.readU32(32);
    deleted += count;
    // The kernel stops at a key that is not there.
    done += count + 1;
  }
  return deleted;
}

function deleteSingly(map: Target, keys: Uint8Array, total: number): number {
  let deleted = 0;
  for (let i = 0; i < total; i++) if (map.delete(slice(keys, i, map.keySize))) deleted++;
  return deleted;
}

function countOf(map: Target, keys: Uint8Array): number {
  const count = map.keySize === 0 ? Number.NaN : keys.length / map.keySize;
  if (Number.isInteger(count)) return count;
  throw new RangeError(`${keys.length} bytes are no keys of map ${map.name}, which have ${map.keySize} bytes each`);
}

const slice = (bytes: Uint8Array, index: number, size: number): Uint8Array =>
  bytes.subarray(index * size, (index + 1) * size);
