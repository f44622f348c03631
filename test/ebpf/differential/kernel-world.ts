import { type Assembled, link } from '../../../dist/ebpf/index.js';
import { BpfMap, possibleCpus, RingBuffer, TestRun, u32, XdpProgram } from '../../../dist/kernel/index.js';
import { hasElements, isArray, isQueue, type MapSpec, type MapSpecs } from './map-specs.js';
import type { Contents, Outcome, World } from './world.js';

const EMPTY = new Uint8Array(0);

/** The kernel's side: maps that are made once and emptied between cases, and BPF_PROG_TEST_RUN. */
export class KernelWorld implements World, Disposable {
  readonly #specs: MapSpecs;
  readonly #maps = new Map<string, BpfMap>();
  readonly #fds: Record<string, number> = {};
  readonly #rings = new Map<string, RingBuffer>();
  #programs: XdpProgram[] = [];
  #run: TestRun | undefined;

  constructor(specs: MapSpecs) {
    this.#specs = specs;
    for (const [name, spec] of Object.entries(specs)) {
      const inner = spec.inner && this.#maps.get(Object.values(spec.inner)[0]!)!;
      const { kind, keySize, valueSize, maxEntries } = spec;
      const map = new BpfMap({ kind, keySize, valueSize, maxEntries, name, inner });
      this.#maps.set(name, map);
      this.#fds[name] = map.fd;
      for (const [key, other] of Object.entries(spec.inner ?? {})) map.update(u32(Number(key)), u32(this.#fds[other]!));
      // Loopback, or a queue of some length: a test run does not send what it redirects.
      for (const key of spec.targets ?? []) map.update(u32(key), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
      if (kind === 'ringBuffer') this.#rings.set(name, new RingBuffer(map));
    }
  }

  begin(programs: readonly Assembled[], initial: Contents, used: ReadonlySet<string>): void {
    for (const program of this.#programs) program.close();
    this.#programs = [];
    for (const name of used) this.#empty(name, this.#specs[name]!);
    for (const [name, entries] of initial) {
      if (!used.has(name)) continue;
      const map = this.#maps.get(name)!;
      for (const [key, values] of entries) map.update(key, padded(values, map.lookupSize));
    }
    for (const program of programs) {
      this.#programs.push(new XdpProgram({ name: 'xdpkit_random', instructions: link(program, this.#fds) }));
    }
    const array = used.has('programs') ? this.#maps.get('programs') : undefined;
    for (const [i, program] of this.#programs.entries()) if (i > 0) array?.update(u32(i), u32(program.fd));
    this.#run = new TestRun(this.#programs[0]!);
  }

  run(packet: Uint8Array, metadata: Uint8Array): Outcome {
    return this.#run!.run(packet, { metadata });
  }

  contents(used: ReadonlySet<string>): Contents {
    const contents: Contents = new Map();
    for (const name of used) contents.set(name, [...this.#entries(name, this.#specs[name]!)]);
    return contents;
  }

  [Symbol.dispose](): void {
    for (const program of this.#programs) program.close();
    for (const ring of this.#rings.values()) ring.close();
    for (const map of this.#maps.values()) map.close();
  }

  *#entries(name: string, spec: MapSpec): Generator<[Uint8Array, Uint8Array[]]> {
    const map = this.#maps.get(name)!;
    if (hasElements(spec)) {
      const cpus = map.lookupSize === map.valueSize ? 1 : possibleCpus();
      for (const key of map.keys()) {
        const all = map.lookup(key)!;
        const value = (cpu: number): Uint8Array => {
          const at = (cpu * all.length) / cpus;
          return all.slice(at, at + map.valueSize);
        };
        yield [key, Array.from({ length: cpus }, (_, cpu) => value(cpu))];
      }
    } else if (isQueue(spec)) {
      for (let value = map.take(EMPTY); value !== undefined; value = map.take(EMPTY)) yield [EMPTY, [value]];
    } else {
      const records: Uint8Array[] = [];
      this.#rings.get(name)?.read((data, offset, length) => records.push(data.slice(offset, offset + length)));
      for (const record of records) yield [EMPTY, [record]];
    }
  }

  #empty(name: string, spec: MapSpec): void {
    const map = this.#maps.get(name)!;
    if (isArray(spec)) {
      const zero = new Uint8Array(map.lookupSize);
      for (let i = 0; i < map.maxEntries; i++) map.update(u32(i), zero);
    } else if (hasElements(spec)) {
      for (const key of [...map.keys()]) map.delete(key);
    } else if (spec.kind === 'programArray') {
      for (let i = 1; i < map.maxEntries; i++) map.delete(u32(i));
    } else {
      for (const _ of this.#entries(name, spec));
    }
  }
}

/** Values of all CPUs as one buffer. */
function padded(values: readonly Uint8Array[], size: number): Uint8Array {
  if (values.length === 1) return values[0]!;
  const bytes = new Uint8Array(size);
  for (const [cpu, value] of values.entries()) bytes.set(value, (cpu * size) / values.length);
  return bytes;
}
