import { Helper, R0, R1, R2, R3, R4, R5, R6, R7, R10 } from '../../ebpf/index.js';
import {
  LIMIT_TICKS,
  type Limit,
  limitArithmetic,
  limitCost,
  RULE_LIMITS,
  type SourceLengths,
} from '../model/index.js';
import { IPV4, IPV6 } from './packet-classes.js';
import type { SourceKind } from './residue.js';
import { END, FRAME, NETWORK, type RuleCode, Stack } from './rule-code.js';
import { turned } from './write-field.js';

/** How often another CPU may be quicker before a packet counts as over the limit. Each time, that CPU's packet was let through. */
const TRIES = 16;
/** BPF_NOEXIST */
const CREATE = 1;
const BUCKETS = 'buckets';
const SOURCES = 'sources';
const SUBPROGRAM = 'take from bucket';
/** Rules whose sources all have room in the common map; with more of them it stays as large. */
const ROOMY = 16;

const ticksPerNanosecond = Math.log2(Number(LIMIT_TICKS));

/** The buckets of a rule set: one map for those of whole rules, one for those of sources. */
export class Buckets {
  readonly #code: RuleCode;
  readonly #common = new Map<number, number>();
  readonly #limits: number;
  readonly warnings: string[] = [];
  #isCalled = false;

  /** @param limits the rules that have one, by number */
  constructor(code: RuleCode, limits: ReadonlyMap<number, Limit>) {
    this.#code = code;
    this.#limits = limits.size;
    let sources = 0;
    for (const [rule, { perSource }] of limits) {
      if (perSource === undefined) this.#common.set(rule, this.#common.size);
      else sources++;
    }
    if (this.#common.size > 0) {
      code.maps.add('array', BUCKETS, { keySize: 4, valueSize: 8 * this.#common.size, maxEntries: 1 });
    }
    if (sources > ROOMY) {
      const room = RULE_LIMITS.sources * ROOMY;
      this.warnings.push(`${sources} rules have limits for each source: they share room for ${room} sources`);
    }
    if (sources > 0) {
      const maxEntries = RULE_LIMITS.sources * Math.min(sources, ROOMY);
      code.maps.add('lruHash', SOURCES, { keySize: 24, valueSize: 8, maxEntries });
    }
  }

  /** At the program's beginning: no limit has asked for the time. */
  writeStart(): void {
    if (this.#limits > 0) this.#code.a.store('u64', R10, Stack.now, 0);
  }

  /** Takes a packet from a rule's bucket, or goes to `over`. */
  write(rule: number, limit: Limit, source: SourceKind, over: string): void {
    const { a } = this.#code;
    this.#isCalled = true;
    this.#writeTime();
    if (limit.perSource === undefined) a.mapValue(R1, BUCKETS, 8 * this.#common.get(rule)!);
    else this.#writeSource(rule, limit.perSource, source);
    const arithmetic = limitArithmetic(limit);
    a.load('u64', R2, R10, Stack.now);
    if (arithmetic.unit === 'packets') {
      a.load64(R3, limitCost(arithmetic, 0));
    } else {
      a.mov(R3, END)
        .alu('-', R3, FRAME)
        .load64(R5, LIMIT_TICKS * 1_000_000_000n)
        .alu('*', R3, R5);
      a.load64(R5, arithmetic.rate).alu('/', R3, R5);
    }
    a.load64(R4, arithmetic.tolerance).callLocal(SUBPROGRAM).jump('==', R0, 0, over);
  }

  /**
   * R0 = whether R3 ticks are to be had from the bucket at R1 at the time R2, with a tolerance of R4. The state is exchanged
   * only if it is still the one that was looked at.
   */
  writeSubprogram(): void {
    if (!this.#isCalled) return;
    const { a } = this.#code;
    a.label(SUBPROGRAM).alu('+', R4, R2).mov(R5, TRIES);
    a.label('try').load('u64', R0, R1, 0).mov(R6, R0).mov(R7, R0);
    a.jump('>=', R7, R2, 'ahead').mov(R7, R2);
    a.label('ahead').alu('+', R7, R3).jump('>', R7, R4, 'over');
    a.atomic('cmpxchg', 'u64', R1, 0, R7).jump('==', R0, R6, 'within');
    a.alu('-', R5, 1).jump('!=', R5, 0, 'try');
    a.label('over').mov(R0, 0).exit();
    a.label('within').mov(R0, 1).exit();
  }

  /** The time is read once for a packet. */
  #writeTime(): void {
    const { a } = this.#code;
    const known = this.#code.fresh('known');
    a.load('u64', R0, R10, Stack.now).jump('!=', R0, 0, known);
    a.call(Helper.ktimeGetNs).alu('<<', R0, ticksPerNanosecond).store('u64', R10, Stack.now, R0).label(known);
  }

  /** R1 = the bucket of the packet's source, which is made if there is none. */
  #writeSource(rule: number, lengths: SourceLengths, source: SourceKind): void {
    const code = this.#code;
    const { a } = code;
    this.#writeSourceKey(rule, lengths, source);
    const found = code.fresh('found');
    code.lookUp(SOURCES, Stack.bucketKey);
    a.jump('!=', R0, 0, found);
    a.store('u64', R10, Stack.emptyBucket, 0);
    a.mov(R2, R10).alu('+', R2, Stack.bucketKey).mov(R3, R10).alu('+', R3, Stack.emptyBucket).mov(R4, CREATE);
    a.map(R1, SOURCES).call(Helper.mapUpdateElem);
    code.lookUp(SOURCES, Stack.bucketKey);
    a.jump('!=', R0, 0, found);
    // Others have taken the place meanwhile: this packet has a bucket of its own.
    a.mov(R0, R10).alu('+', R0, Stack.emptyBucket);
    a.label(found).mov(R1, R0);
  }

  /** Rule, IP version, the leading bits of the source address. */
  #writeSourceKey(rule: number, lengths: SourceLengths, source: SourceKind): void {
    const { a } = this.#code;
    const at = Stack.bucketKey;
    a.store('u32', R10, at, rule);
    if (source !== 'varies') {
      this.#writeAddress(lengths, source);
      return;
    }
    const [four, six, none, done] = ['source4', 'source6', 'source', 'key'].map((hint) => this.#code.fresh(hint));
    a.load('u16', R1, R10, Stack.packetClass).jump32('&', R1, IPV4, four!).jump32('&', R1, IPV6, six!).goto(none!);
    a.label(four!);
    this.#code.reach(NETWORK, 20, none!);
    this.#writeAddress(lengths, 4);
    a.goto(done!).label(six!);
    this.#code.reach(NETWORK, 40, none!);
    this.#writeAddress(lengths, 6);
    a.goto(done!).label(none!);
    this.#writeAddress(lengths, 0);
    a.label(done!);
  }

  #writeAddress(lengths: SourceLengths, version: 4 | 6 | 0): void {
    const { a } = this.#code;
    const at = Stack.bucketKey + 4;
    a.store('u32', R10, at, version);
    const words = version === 4 ? 1 : version === 6 ? 4 : 0;
    const length = version === 4 ? (lengths.ipv4 ?? 32) : (lengths.ipv6 ?? 64);
    for (let word = 0; word < 4; word++) {
      const bits = Math.min(Math.max(length - 32 * word, 0), 32);
      if (word >= words || bits === 0) {
        a.store('u32', R10, at + 4 + 4 * word, 0);
      } else {
        a.load('u32', R1, NETWORK, (version === 4 ? 12 : 8) + 4 * word);
        if (bits < 32) a.alu32('&', R1, turned(2 ** 32 - 2 ** (32 - bits), 4));
        a.store('u32', R10, at + 4 + 4 * word, R1);
      }
    }
  }
}
