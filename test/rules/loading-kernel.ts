import { link } from '../../dist/ebpf/index.js';
import { BpfMap, Btf, TestRun, u32, XdpProgram } from '../../dist/kernel/index.js';
import { type CompiledRules, RULE_COUNTERS } from '../../dist/rules/index.js';
import { unboundSocket } from '../kernel/unbound-socket.js';
import { OTHER_PROGRAM, type RunOfRules } from './loading-interpreter.js';

const LOOPBACK = 1;

/** A compiled rule set in the kernel; if wanted with a socket for queue 0, and all interfaces (loopback) and programs. */
export class LoadedRules implements Disposable {
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly program: XdpProgram;
  readonly #run: TestRun;
  readonly #behind: Disposable[] = [];

  constructor(compiled: CompiledRules, options: { readonly sockets?: boolean } = {}) {
    this.maps = Object.fromEntries(compiled.maps.map((map) => [map.name, new BpfMap(map)]));
    for (const { name, contents } of compiled.maps) {
      if (contents !== undefined) this.maps[name]!.updateBatch(contents.keys, contents.values);
    }
    const fds = Object.fromEntries(Object.entries(this.maps).map(([name, { fd }]) => [name, fd]));
    using types = compiled.types && new Btf(compiled.types.btf);
    const btf = types && { fd: types.fd, functions: compiled.types!.functions };
    try {
      this.program = new XdpProgram({
        name: 'rules',
        instructions: link(compiled.program, fds),
        ...(btf ? { btf } : {}),
      });
    } catch (error) {
      for (const map of Object.values(this.maps)) map.close();
      throw error;
    }
    this.#run = new TestRun(this.program);
    if (options.sockets) this.#fill(compiled);
  }

  #fill({ sockets, interfaces, programs, steerings }: CompiledRules): void {
    for (const { map } of sockets) {
      const socket = unboundSocket();
      this.#behind.push(socket);
      this.maps[map]!.update(u32(0), u32(socket.fd));
    }
    for (const { map, key } of interfaces) {
      const value = new Uint8Array(this.maps[map]!.valueSize);
      value.set(u32(LOOPBACK));
      this.maps[map]!.update(u32(key), value);
    }
    const targets = [...programs, ...steerings];
    if (targets.length === 0) return;
    const other = new XdpProgram({ name: 'other', instructions: link(OTHER_PROGRAM) });
    this.#behind.push(other);
    for (const { map, key } of targets) this.maps[map]!.update(u32(key), u32(other.fd));
  }

  run(packet: Uint8Array): RunOfRules {
    const result = this.#run.run(packet);
    return { action: result.action, target: undefined, packet: result.packet };
  }

  /** Sums over all CPUs, see {@link InterpretedRules.counters}. */
  counters(rules: number): number[] {
    return Array.from({ length: rules }, (_, rule) => {
      const values = new BigUint64Array(this.maps[RULE_COUNTERS.map]!.lookup(u32(rule))!.slice().buffer);
      const sums = [0, 0, 0, 0];
      for (const [i, value] of values.entries()) sums[i % 4]! += Number(value);
      return sums;
    }).flat();
  }

  [Symbol.dispose](): void {
    this.program.close();
    for (const one of this.#behind) one[Symbol.dispose]();
    for (const map of Object.values(this.maps)) map.close();
  }
}
