import { link } from '../../dist/ebpf/index.js';
import { BpfMap, Btf, TestRun, u32, XdpProgram } from '../../dist/kernel/index.js';
import { type CompiledRules, RULE_COUNTERS } from '../../dist/rules/index.js';
import type { RunOfRules } from './loading-interpreter.js';

/** A compiled rule set in the kernel. */
export class LoadedRules implements Disposable {
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly program: XdpProgram;
  readonly #run: TestRun;

  constructor(compiled: CompiledRules) {
    this.maps = Object.fromEntries(compiled.maps.map((map) => [map.name, new BpfMap(map)]));
    for (const { name, contents } of compiled.maps) {
      if (contents !== undefined) this.maps[name]!.updateBatch(contents.keys, contents.values);
    }
    const fds = Object.fromEntries(Object.entries(this.maps).map(([name, { fd }]) => [name, fd]));
    using types = compiled.types && new Btf(compiled.types.btf);
    const btf = types && { fd: types.fd, functions: compiled.types!.functions };
    try {
      this.program = new XdpProgram({ name: 'rules', instructions: link(compiled.program, fds), ...(btf ? { btf } : {}) });
    } catch (error) {
      for (const map of Object.values(this.maps)) map.close();
      throw error;
    }
    this.#run = new TestRun(this.program);
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
    for (const map of Object.values(this.maps)) map.close();
  }
}
