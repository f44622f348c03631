import {
  type Assembled,
  Assembler,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  type Register,
  XdpContext,
} from '../../../dist/ebpf/index.js';
import { type Budget, CONTEXT, Draft, KEY, VALUE } from './draft.js';
import { MAP_BLOCKS, TAIL_CALL } from './map-blocks.js';
import { ADDRESSES, hasElements, isArray, isPerCpu, type MapSpec, RANDOM_MAPS } from './map-specs.js';
import { PACKET_BLOCKS } from './packet-blocks.js';
import { type Block, plainBlocks } from './plain-blocks.js';
import { Random } from './random.js';
import type { Contents } from './world.js';

/** Programs of a case; a tail call goes from the first to the others. */
export interface RandomCase {
  readonly programs: readonly Assembled[];
  /** Maps that any of them uses. */
  readonly maps: ReadonlySet<string>;
  /** What is in them before the first packet. */
  readonly initial: Contents;
  readonly packets: readonly { readonly packet: Uint8Array; readonly metadata: Uint8Array }[];
}

const MAIN_SLOTS = 16;
const SUBPROGRAM_SLOTS = 4;

/** Programs that the verifier accepts, and packets for them: the same for the same seed. */
export function randomCase(seed: number, cpus: number): RandomCase {
  const random = new Random(seed);
  const maps = new Set<string>(['out']);
  const tails = random.chance(0.1) ? random.between(1, 2) : 0;
  const programs = Array.from({ length: 1 + tails }, (_, i) => randomProgram(random, maps, i === 0 && tails > 0));
  const packets = Array.from({ length: 3 }, () => ({
    packet: random.bytes(random.chance(0.8) ? random.between(14, 120) : random.between(14, 1500)),
    metadata: random.bytes(random.chance(0.7) ? 0 : 4 * random.between(0, 20)),
  }));
  return { programs, maps, initial: randomContents(random, cpus), packets };
}

function randomContents(random: Random, cpus: number): Contents {
  const contents: Contents = new Map();
  for (const [name, spec] of Object.entries<MapSpec>(RANDOM_MAPS)) {
    if (name === 'out' || !hasElements(spec)) continue;
    const { keySize = 4, valueSize = 0, maxEntries } = spec;
    const most = isArray(spec) ? maxEntries : 10;
    const numbers = Array.from({ length: most }, (_, number) => number).filter(() => random.chance(0.5));
    const keyOf = (number: number): Uint8Array =>
      spec.kind === 'lpmTrie'
        ? words(8, random.pick([0, 8, 12, 16, 17, 24, 31, 32]), ADDRESSES[number % ADDRESSES.length]!)
        : words(keySize, number);
    const values = (): Uint8Array[] => Array.from({ length: isPerCpu(spec) ? cpus : 1 }, () => random.bytes(valueSize));
    contents.set(
      name,
      numbers.slice(0, maxEntries).map((number) => [keyOf(number), values()]),
    );
  }
  return contents;
}

/** Numbers of 32 bits as bytes. */
function words(size: number, ...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(new Uint8Array(Uint32Array.from(numbers).buffer));
  return bytes;
}

function randomProgram(random: Random, maps: Set<string>, mayTailCall: boolean): Assembled {
  const code = new Assembler();
  const budget: Budget = { blocks: random.between(3, 40), branches: 10 };
  const subprograms = Array.from({ length: random.chance(0.4) ? random.between(1, 3) : 0 }, (_, i) => `sub${i}`);
  const main = new Draft({ random, code, budget, isMain: true, slots: MAIN_SLOTS, callees: subprograms, maps });
  writeMain(main, mayTailCall);
  for (const [i, name] of subprograms.entries()) {
    const callees = subprograms.slice(i + 1);
    budget.blocks += random.between(1, 6);
    budget.branches += 2;
    writeSubprogram(new Draft({ random, code, budget, isMain: false, slots: SUBPROGRAM_SLOTS, callees, maps }), name);
  }
  return code.assemble();
}

function blocksOf(extra: readonly (readonly [number, Block])[]): Block {
  const choices: (readonly [number, Block])[] = [];
  const any: Block = (draft) => {
    for (let i = draft.random.between(1, 3); i > 0 && draft.budget.blocks > 0; i--) {
      draft.budget.blocks--;
      draft.random.weighted(choices)(draft);
    }
  };
  choices.push(...plainBlocks(any), ...extra);
  return any;
}

function writeMain(d: Draft, mayTailCall: boolean): void {
  const { random, code } = d;
  code.mov(CONTEXT, R1);
  prologue(d, [R0, R1, R2, R3, R4, R5, R6, R7, R8]);
  for (let at = VALUE; at < KEY + 24; at += 8) code.store('u64', R10, at, random.immediate());
  code.load('u32', random.pick([R6, R7]), CONTEXT, XdpContext.rxQueueIndex);
  const any = blocksOf([...PACKET_BLOCKS, ...MAP_BLOCKS]);
  for (const name of d.callees) {
    // Every function has to be called by somebody.
    if (d.budget.blocks > 0) any(d);
    code.mov(R1, R10).alu('+', R1, d.slot()).callLocal(name);
    d.without([R1, R2, R3, R4, R5], () => undefined);
  }
  while (d.budget.blocks > 0) any(d);
  if (mayTailCall) TAIL_CALL(d);
  while (d.budget.blocks > 0) any(d);
  epilogue(d);
}

function writeSubprogram(d: Draft, name: string): void {
  const { random, code } = d;
  code.label(name);
  code.load('u64', R0, R1, 0);
  if (random.chance(0.5)) code.store('u64', R1, 0, R3);
  prologue(d, [R1, R6, R7, R8, R9]);
  const any = blocksOf([]);
  while (d.budget.blocks > 0) any(d);
  code.mov(R0, d.scalar()).exit();
}

/** Gives these registers and all slots numbers. */
function prologue(d: Draft, registers: readonly Register[]): void {
  const { random, code } = d;
  for (const register of registers) {
    if (random.chance(0.5)) code.load64(register, random.quad());
    else code.mov(register, random.immediate());
  }
  for (let slot = 1; slot <= d.slots; slot++) {
    if (random.chance(0.5)) code.store('u64', R10, -8 * slot, random.pick(registers));
    else code.store('u64', R10, -8 * slot, random.immediate());
  }
}

/** Leaves every register and every slot in a map, and returns one of the registers. */
function epilogue(d: Draft): void {
  const { random, code } = d;
  code.mapValue(CONTEXT, 'out', 8 * random.below(4));
  for (const [i, register] of [R0, R1, R2, R3, R4, R5, R6, R7, R8].entries()) {
    code.store('u64', CONTEXT, 8 * i, register);
  }
  for (let slot = 1; slot <= d.slots; slot++) {
    code.load('u64', R1, R10, -8 * slot).store('u64', CONTEXT, 72 + 8 * (slot - 1), R1);
  }
  if (random.chance(0.5)) code.mov(R0, random.below(5));
  code.exit();
}
