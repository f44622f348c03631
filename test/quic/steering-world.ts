import {
  Interpreter,
  InterpreterArray,
  InterpreterHash,
  type InterpreterMap,
  InterpreterMapOfMaps,
  InterpreterProgram,
  InterpreterRedirectMap,
  XdpAction,
} from '../../dist/ebpf/index.js';
import { TestRun, u32 } from '../../dist/kernel/index.js';
import {
  type BackendSlot,
  compileSteering,
  MAGLEV_SLOTS,
  maglevTable,
  Steering,
  SteeringMap,
  type SteeringMapShape,
  type SteeringOptions,
  type SteeringReference,
  type SteeringVerdict,
} from '../../dist/quic/index.js';
import { readBackendSlot, writeBackendSlot } from '../../dist/quic/steering/backend.js';
import { readStatistics } from '../../dist/quic/steering/statistics.js';
import { unboundSocket } from '../kernel/unbound-socket.js';

/** What tables and counters are like, however they are kept: to be compared. */
export interface SteeringState {
  readonly statistics: object;
  /** Keys and values in hexadecimal digits and numbers, in order. */
  readonly counters: readonly string[];
  readonly flows: readonly string[];
  /** Numbers that are not 0, with their places. */
  readonly sketch: string;
  readonly load: readonly (readonly number[])[];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sparse = (numbers: ArrayLike<number>) =>
  Array.from(numbers)
    .flatMap((number, place) => (number === 0 ? [] : `${place}:${number}`))
    .join(' ');
const sorted = (lines: Iterable<string>) => [...lines].sort();

export function stateOfReference(model: SteeringReference): SteeringState {
  return {
    statistics: model.statistics,
    counters: sorted([...model.counters].map(([key, packets]) => `${key} ${packets}`)),
    flows: sorted([...model.flows].map(([key, { slot, generation }]) => `${key} ${slot} ${generation}`)),
    sketch: sparse(model.sketch),
    load: model.load.map(({ packets, bytes, initials }) => [packets, bytes, initials]),
  };
}

interface Elements {
  of(map: string): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** Values of per-CPU maps are those of all CPUs, side by side. */
function stateOf({ of }: Elements): SteeringState {
  const numbers = (value: Uint8Array, count: number) => {
    const sums = new Array<number>(count).fill(0);
    for (const [i, number] of new BigUint64Array(value.slice().buffer).entries()) sums[i % count]! += Number(number);
    return sums;
  };
  const only = (map: string) => [...of(map)][0]![1];
  const u32At = (value: Uint8Array, at: number) => new DataView(value.buffer, value.byteOffset).getUint32(at, true);
  return {
    statistics: readStatistics(only(SteeringMap.statistics).slice()),
    counters: sorted([...of(SteeringMap.counters)].map(([key, value]) => `${hex(key)} ${numbers(value, 1)[0]}`)),
    flows: sorted(
      [...of(SteeringMap.flows)].map(([key, value]) => `${hex(key)} ${u32At(value, 0)} ${u32At(value, 4)}`),
    ),
    sketch: sparse(numbers(only(SteeringMap.sketch), 4096)),
    load: [...of(SteeringMap.load)].map(([, value]) => numbers(value, 3)),
  };
}

/** A steering in the kernel, with a socket at every key. */
export class KernelSteering implements Disposable {
  readonly steering: Steering;
  readonly #run: TestRun;
  readonly #socket = unboundSocket();

  constructor(options: SteeringOptions) {
    this.steering = Steering.load(options);
    this.#run = new TestRun(this.steering.program);
    this.setSockets();
  }

  /** At every key: a backend that goes takes its own along. */
  setSockets(): void {
    const { steering } = this;
    for (let slot = 0; slot < steering.capacity; slot++) {
      for (let queue = 0; queue < steering.queues; queue++) steering.setSocket(slot, queue, this.#socket.fd);
    }
  }

  /** As they are in the kernel's maps. */
  get slots(): BackendSlot[] {
    const map = this.steering.maps.get(SteeringMap.backends)!;
    return Array.from({ length: this.steering.capacity }, (_, slot) => readBackendSlot(map.lookup(u32(slot))!, slot));
  }

  /** The kernel doesn't tell the key of a redirect; `state` tells the slot. */
  run(frame: Uint8Array): number {
    return this.#run.run(frame).action;
  }

  get state(): SteeringState {
    return stateOf({ of: (map) => this.steering.maps.get(map)!.elements() });
  }

  [Symbol.dispose](): void {
    this.steering.close();
    this.#socket.close();
  }
}

/** The same in the interpreter. */
export class InterpretedSteering {
  now = 1n;
  readonly maps: Record<string, InterpreterMap>;
  readonly #interpreter: Interpreter;
  readonly #table: InterpreterArray;

  constructor(options: SteeringOptions) {
    const { program, maps } = compileSteering(options);
    this.maps = Object.fromEntries(maps.map((shape) => [shape.name, interpreterMap(shape)]));
    this.#table = new InterpreterArray(maps.find(({ inner }) => inner !== undefined)!.inner!);
    (this.maps[SteeringMap.maglev] as InterpreterMapOfMaps).set(0, this.#table);
    const sockets = this.maps[SteeringMap.sockets] as InterpreterRedirectMap;
    const { maxEntries } = maps.find(({ name }) => name === SteeringMap.sockets)!;
    for (let key = 0; key < maxEntries; key++) sockets.set(key, 1);
    this.#interpreter = new Interpreter(new InterpreterProgram(program, this.maps), {
      clock: () => this.now,
      shortest: 0,
    });
    this.setBackends([]);
  }

  setBackends(slots: readonly BackendSlot[]): void {
    const entries = slots.flatMap(({ entry }) => entry ?? []);
    for (const [slot, one] of slots.entries()) {
      const before = readBackendSlot(this.maps[SteeringMap.backends]!.lookup(u32(slot), 0) as Uint8Array, slot);
      if (one.entry !== undefined && before.entry?.id !== one.entry.id) {
        this.maps[SteeringMap.load]!.update(u32(slot), new Uint8Array(24), 0, 0);
      }
      this.maps[SteeringMap.backends]!.update(u32(slot), writeBackendSlot(one), 0, 0);
    }
    const servers = this.maps[SteeringMap.servers] as InterpreterHash;
    for (const { key } of [...servers.entries()]) servers.delete(key);
    for (const { id, slot } of entries) servers.update(u32(id), u32(slot), 0, 0);
    const table = maglevTable(entries.filter(({ state }) => state === 'active'));
    new Uint16Array(this.#table.lookup(u32(0))!.buffer, 0, MAGLEV_SLOTS).set(table);
  }

  run(frame: Uint8Array, queue: number): { action: number; key: number | undefined } {
    const { action, redirect } = this.#interpreter.run(frame, { rxQueueIndex: queue });
    return { action, key: redirect && 'key' in redirect ? redirect.key : undefined };
  }

  get state(): SteeringState {
    return stateOf({
      of: (map) =>
        [...(this.maps[map] as InterpreterHash | InterpreterArray).entries()].map(({ key, values }) => [
          key,
          values[0]!,
        ]),
    });
  }
}

function interpreterMap({ kind, value, inner: _, ...shape }: SteeringMapShape): InterpreterMap {
  if (kind === 'arrayOfMaps') return new InterpreterMapOfMaps();
  if (kind === 'xskmap') return new InterpreterRedirectMap('xskmap');
  if (kind === 'hash') return new InterpreterHash(shape);
  if (kind === 'lruHash') return new InterpreterHash({ ...shape, lru: true });
  const array = new InterpreterArray(shape);
  if (value !== undefined) array.update(u32(0), value);
  return array;
}

/** What a program returns for a verdict, where every key has a socket. */
export function actionOf(verdict: SteeringVerdict): number {
  return { socket: XdpAction.redirect, pass: XdpAction.pass, drop: XdpAction.drop }[verdict.to];
}
