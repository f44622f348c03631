import { link as linkProgram } from '../ebpf/index.js';
import { BpfMap, Btf, deviceEntry, NamedPins, programEntry, XdpProgram } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import { type CompiledRules, compileRuleSet, type RuleSet, requireLoadable } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { carriedMap } from './rule-counters.js';
import { RECORD_MAP, type RulesRecord, readRecord, recordMap } from './rules-record.js';

/** What bpftool and `xdpkit links` call it. */
const PROGRAM_NAME = 'xdpkit_rules';

/**
 * A rule set in the kernel: a program with its maps. All that belongs to it hangs off the program, the text of the rules and
 * the counts that it took over as well (BPF_PROG_BIND_MAP): whoever opens the program sees what belongs together. Needs
 * CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN; Linux 5.15.
 */
export class RuleProgram implements Disposable {
  readonly program: XdpProgram;
  readonly id: number;
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly record: RulesRecord;

  private constructor(program: XdpProgram, maps: ReadonlyMap<string, BpfMap>, record: RulesRecord) {
    this.program = program;
    this.id = program.info.id;
    this.maps = maps;
    this.record = record;
  }

  /**
   * Compiles rules and loads them. The interfaces that they name are looked up in the namespace of the calling thread.
   *
   * @param link where they are to run: its queues are the size of the maps of sockets
   * @param before rules whose maps of sockets go on: sockets can't be read out of one, to be put into another
   * @throws RulesError (XDP_ERR_RULES) for rules that no program has room for; XDP_ERR_VERIFIER, XDP_ERR_NO_INTERFACE,
   * XDP_ERR_NO_PROGRAM, XDP_ERR_EXPRESSION, XDP_ERR_PERMISSION
   */
  static build(rules: RuleSet, link: Link, before?: RuleProgram): RuleProgram {
    const compiled = compileRuleSet(rules, { queues: link.queues });
    requireLoadable(rules, compiled);
    const sockets = compiled.sockets.map(({ name, map }) => ({ map, ...(name !== undefined && { name }) }));
    const maps = new Map<string, BpfMap>();
    try {
      for (const map of compiled.maps) {
        const kept = before?.takeSockets(compiled, map.name);
        maps.set(map.name, kept ?? new BpfMap(map));
        const { contents } = map;
        if (contents !== undefined) maps.get(map.name)!.updateBatch(contents.keys, contents.values);
      }
      resolve(compiled, maps);
      maps.set(RECORD_MAP, recordMap(rules, sockets));
      const carried = carriedMap(rules);
      maps.set(carried.name, carried);
      const fds = Object.fromEntries([...maps].map(([name, { fd }]) => [name, fd]));
      const instructions = linkProgram(compiled.program, fds);
      using types = compiled.types && new Btf(compiled.types.btf);
      const btf = types && { fd: types.fd, functions: compiled.types!.functions };
      const program = new XdpProgram({ name: PROGRAM_NAME, instructions, btf });
      try {
        for (const map of maps.values()) program.bindMap(map);
        return new RuleProgram(program, maps, readRecord(maps.get(RECORD_MAP)!)!);
      } catch (error) {
        program.close();
        throw error;
      }
    } catch (error) {
      for (const map of maps.values()) map.close();
      throw error;
    }
  }

  /** The rules with this program, undefined when there are none (any more): it is not one of ours. Needs CAP_SYS_ADMIN. */
  static openId(id: number): RuleProgram | undefined {
    const program = XdpProgram.openId(id);
    if (program === undefined) return undefined;
    const maps = new Map<string, BpfMap>();
    try {
      if (program.name === PROGRAM_NAME) {
        for (const mapId of program.info.mapIds) {
          const map = BpfMap.openId(mapId);
          if (map !== undefined) maps.set(map.info.name, map);
        }
        const text = maps.get(RECORD_MAP);
        const record = text && readRecord(text);
        if (record !== undefined) return new RuleProgram(program, maps, record);
      }
    } catch (error) {
      closeAll(program, maps);
      throw error;
    }
    closeAll(program, maps);
    return undefined;
  }

  get rules(): RuleSet {
    return this.record.rules;
  }

  /** A map of sockets of these rules, for a map of the same socket in others. */
  private takeSockets({ sockets, maps }: CompiledRules, name: string): BpfMap | undefined {
    const slot = sockets.find(({ map }) => map === name);
    if (slot === undefined) return undefined;
    const ours = this.record.sockets.find((socket) => socket.name === slot.name);
    const map = ours && this.maps.get(ours.map);
    const wanted = maps.find((one) => one.name === name)!;
    // Opened anew: it has two owners now.
    return map && map.maxEntries === wanted.maxEntries ? BpfMap.openId(map.info.id) : undefined;
  }

  /** Idempotent. A link that runs the program keeps it alive. */
  close(): void {
    closeAll(this.program, this.maps);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function closeAll(program: XdpProgram, maps: ReadonlyMap<string, BpfMap>): void {
  program.close();
  for (const map of maps.values()) map.close();
}

/** Puts what has a name on this machine into the maps. */
function resolve({ interfaces, programs, steerings }: CompiledRules, maps: ReadonlyMap<string, BpfMap>): void {
  for (const { map, key, name } of interfaces) {
    maps
      .get(map)!
      .typed('u32', deviceEntry)
      .set(key, { ifindex: redirectTarget(name) });
  }
  for (const { map, key, path } of programs) {
    using program = openTarget(path);
    maps.get(map)!.typed('u32', programEntry).set(key, program);
  }
  for (const { map, key, name } of steerings) {
    using program = openSteering(name);
    maps.get(map)!.typed('u32', programEntry).set(key, program);
  }
}

function redirectTarget(name: string): number {
  try {
    return getLink(name).index;
  } catch (cause) {
    if (!(cause instanceof XdpError && cause.code === 'XDP_ERR_NO_INTERFACE')) throw cause;
    const message = `rules redirect to ${name}, and there is no such interface`;
    throw new XdpError('XDP_ERR_NO_INTERFACE', message, { cause });
  }
}

function openSteering(name: string): XdpProgram {
  const pins = NamedPins.of('steering', name);
  if (pins.exists) return XdpProgram.openPinned(pins.pathOf('program'));
  throw new XdpError('XDP_ERR_NO_PROGRAM', `rules steer by ${name}, and there is no QUIC steering of this name`, {
    advice: 'start it first: docs/quic-steering.md',
  });
}

function openTarget(path: string): XdpProgram {
  try {
    return XdpProgram.openPinned(path);
  } catch (cause) {
    if (!(cause instanceof XdpError)) throw cause;
    throw new XdpError('XDP_ERR_NO_PROGRAM', `rules hand over to ${path}, and no XDP program is pinned there`, {
      cause,
      advice: 'bpftool prog pin id ID PATH gives a program a name',
    });
  }
}
