import {
  Assembler,
  Interpreter,
  InterpreterArray,
  InterpreterHash,
  InterpreterLpmTrie,
  type InterpreterMap,
  InterpreterProgram,
  InterpreterProgramArray,
  InterpreterRedirectMap,
  R0,
  XdpAction,
} from '../../dist/ebpf/index.js';
import { type CompiledMap, type CompiledRules, RULE_COUNTERS } from '../../dist/rules/index.js';

/** What the program made of a frame. */
export interface RunOfRules {
  readonly action: number;
  /** Map and key of a redirect. */
  readonly target: string | undefined;
  readonly packet: Uint8Array;
}

/** What other programs do that rules hand over to. */
export const OTHER_PROGRAM = new Assembler().mov(R0, XdpAction.aborted).exit().assemble();

/** A compiled rule set in the interpreter; if wanted with a socket for queue 0, and all interfaces and programs. */
export class InterpretedRules {
  now = 0n;
  readonly maps: Readonly<Record<string, InterpreterMap>>;
  readonly #interpreter: Interpreter;

  constructor(compiled: CompiledRules, options: { readonly sockets?: boolean } = {}) {
    this.maps = Object.fromEntries(compiled.maps.map((map) => [map.name, interpreterMap(map)]));
    for (const map of Object.values(this.maps)) {
      if (options.sockets && map instanceof InterpreterRedirectMap) map.set(0, 1);
    }
    if (options.sockets) {
      const other = new InterpreterProgram(OTHER_PROGRAM);
      for (const { map, key } of compiled.interfaces) (this.maps[map] as InterpreterRedirectMap).set(key, 1);
      for (const { map, key } of [...compiled.programs, ...compiled.steerings])
        (this.maps[map] as InterpreterProgramArray).set(key, other);
    }
    this.#interpreter = new Interpreter(new InterpreterProgram(compiled.program, this.maps), {
      clock: () => this.now,
      shortest: 0,
    });
  }

  run(packet: Uint8Array): RunOfRules {
    const result = this.#interpreter.run(packet);
    const { action, redirect } = result;
    const name =
      redirect && 'map' in redirect
        ? Object.entries(this.maps).find(([, map]) => map === redirect.map)?.[0]
        : undefined;
    const target = name && redirect && 'key' in redirect ? `${name} ${redirect.key}` : undefined;
    return { action, target: action === XdpAction.redirect ? target : undefined, packet: result.packet };
  }

  /** Packets, bytes, and the two over the limit, of all rules one after the other. */
  counters(rules: number): number[] {
    const map = this.maps[RULE_COUNTERS.map]!;
    return Array.from({ length: rules }, (_, rule) => {
      const value = map.lookup(new Uint8Array(new Uint32Array([rule]).buffer), 0) as Uint8Array;
      return [...new BigUint64Array(value.slice().buffer)].map(Number);
    }).flat();
  }
}

function interpreterMap(map: CompiledMap): InterpreterMap {
  const made = emptyMap(map);
  const { contents, keySize, valueSize } = map;
  for (let i = 0; i < (contents?.count ?? 0); i++) {
    const key = contents!.keys.slice(i * keySize, (i + 1) * keySize);
    made.update(key, contents!.values.slice(i * valueSize, (i + 1) * valueSize), 0, 0);
  }
  return made;
}

function emptyMap(map: CompiledMap): InterpreterMap {
  switch (map.kind) {
    case 'array':
    case 'percpuArray':
      return new InterpreterArray(map);
    case 'hash':
      return new InterpreterHash(map);
    case 'lruHash':
      return new InterpreterHash({ ...map, lru: true });
    case 'lpmTrie':
      return new InterpreterLpmTrie(map);
    case 'programArray':
      return new InterpreterProgramArray();
    case 'xskmap':
    case 'devmap':
      return new InterpreterRedirectMap(map.kind, map.valueSize);
  }
}
