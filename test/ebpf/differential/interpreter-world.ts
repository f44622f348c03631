import {
  type Assembled,
  Interpreter,
  InterpreterArray,
  InterpreterHash,
  InterpreterLpmTrie,
  type InterpreterMap,
  InterpreterMapOfMaps,
  type InterpreterOptions,
  InterpreterProgram,
  InterpreterProgramArray,
  InterpreterQueue,
  InterpreterRedirectMap,
  InterpreterRingBuffer,
  type RedirectKind,
} from '../../../dist/ebpf/index.js';
import { isPerCpu, type MapSpec, type MapSpecs } from './map-specs.js';
import type { Contents, Outcome, World } from './world.js';

const EMPTY = new Uint8Array(0);

/** The interpreter's side. */
export class InterpreterWorld implements World {
  readonly #specs: MapSpecs;
  readonly #cpus: number;
  readonly #options: InterpreterOptions;
  #maps: Record<string, InterpreterMap> = {};
  #interpreter: Interpreter | undefined;

  constructor(specs: MapSpecs, cpus: number, options: InterpreterOptions = {}) {
    this.#specs = specs;
    this.#cpus = cpus;
    this.#options = options;
  }

  begin(programs: readonly Assembled[], initial: Contents, used: ReadonlySet<string>): void {
    this.#maps = {};
    for (const name of used) this.#maps[name] = this.#make(this.#specs[name]!);
    for (const name of used) {
      const outer = this.#maps[name];
      if (!(outer instanceof InterpreterMapOfMaps)) continue;
      for (const [key, inner] of Object.entries(this.#specs[name]!.inner!)) outer.set(Number(key), this.#maps[inner]!);
    }
    for (const [name, entries] of initial) {
      for (const [key, values] of used.has(name) ? entries : []) {
        for (const [cpu, value] of values.entries()) this.#maps[name]!.update(key, value, 0, cpu);
      }
    }
    const [first, ...others] = programs.map((program) => new InterpreterProgram(program, this.#maps));
    const array = this.#maps['programs'];
    if (array instanceof InterpreterProgramArray) for (const [i, other] of others.entries()) array.set(i + 1, other);
    this.#interpreter = new Interpreter(first!, this.#options);
  }

  run(packet: Uint8Array, metadata: Uint8Array): Outcome {
    return this.#interpreter!.run(packet, { metadata });
  }

  contents(used: ReadonlySet<string>): Contents {
    const contents: Contents = new Map();
    for (const name of used) contents.set(name, entriesOf(this.#maps[name]!, this.#specs[name]!));
    return contents;
  }

  #make(spec: MapSpec): InterpreterMap {
    const { kind, keySize = 4, valueSize = 8, maxEntries, targets = [] } = spec;
    const cpus = isPerCpu(spec) ? this.#cpus : 1;
    switch (kind) {
      case 'programArray':
        return new InterpreterProgramArray();
      case 'ringBuffer':
        return new InterpreterRingBuffer(maxEntries);
      case 'lpmTrie':
        return new InterpreterLpmTrie({ keySize, valueSize, maxEntries });
      case 'arrayOfMaps':
      case 'hashOfMaps':
        return new InterpreterMapOfMaps(keySize);
      case 'array':
      case 'percpuArray':
        return new InterpreterArray({ valueSize, maxEntries, cpus });
      case 'queue':
      case 'stack':
        return new InterpreterQueue({ valueSize, maxEntries, stack: kind === 'stack' });
      case 'hash':
      case 'percpuHash':
      case 'lruHash':
      case 'lruPercpuHash':
        return new InterpreterHash({ keySize, valueSize, maxEntries, cpus, lru: kind.startsWith('lru') });
      default: {
        const map = new InterpreterRedirectMap(kind satisfies RedirectKind, 8);
        for (const key of targets) map.set(key, 1);
        return map;
      }
    }
  }
}

function entriesOf(map: InterpreterMap, { kind }: MapSpec): [Uint8Array, readonly Uint8Array[]][] {
  if (map instanceof InterpreterArray || map instanceof InterpreterHash || map instanceof InterpreterLpmTrie) {
    return [...map.entries()].map(({ key, values }) => [key, values]);
  }
  if (map instanceof InterpreterQueue) {
    const values = kind === 'stack' ? [...map.values()].reverse() : map.values();
    return values.map((value) => [EMPTY, [value]]);
  }
  return map instanceof InterpreterRingBuffer ? map.drain().map((value) => [EMPTY, [value]]) : [];
}
