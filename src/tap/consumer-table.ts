import { isAlive, ownIdentity, type ProcessIdentity, XdpError } from '../sys/index.js';
import { Block, Header, ROWS, Row } from './layout.js';
import { showWriting } from './ring-repair.js';
import { claimant, freedWord, generationOf, holderOf, Kind, kindOf, ownerWord, pidOf, stateOf } from './state.js';
import type { TapMemory } from './tap-memory.js';

/** A process that reads from a tap. */
export interface TapConsumer {
  readonly pid: number;
  /** Records that it has released, and bytes of them. */
  readonly records: number;
  readonly bytes: number;
}

/** Takes a row for this process. @throws XDP_ERR_TAP when all are taken */
export function takeRow(memory: TapMemory): { row: number; owner: number } {
  const { words, floats } = memory;
  const { pid, startLow, startHigh } = ownIdentity();
  for (const attempt of [0, 1]) {
    for (let row = 0; row < ROWS; row++) {
      const at = memory.row(row);
      const before = Atomics.load(words, at + Row.owner);
      if (pidOf(before) !== 0) continue;
      const owner = ownerWord(pid, before);
      if (Atomics.compareExchange(words, at + Row.owner, before, owner) !== before) continue;
      floats[(at + Row.records) >> 1] = 0;
      floats[(at + Row.bytes) >> 1] = 0;
      words[at + Row.start + 1] = startHigh;
      Atomics.store(words, at + Row.start, startLow);
      return { row, owner };
    }
    if (attempt === 0) buryDead(memory);
  }
  throw new XdpError('XDP_ERR_TAP', `${ROWS} processes read from this tap already`, {
    advice: 'end one of them: xdpkit collect takes a row as long as it runs',
  });
}

/** Gives it back. Nothing may be claimed any more. */
export function freeRow(memory: TapMemory, row: number, owner: number): void {
  const at = memory.row(row);
  Atomics.store(memory.words, at + Row.start, 0);
  memory.words[at + Row.start + 1] = 0;
  Atomics.compareExchange(memory.words, at + Row.owner, owner, freedWord(owner));
}

/**
 * Takes what dead consumers had in their hands out of them, and frees their rows. Any process may do so, and several at
 * once: a block changes its state once.
 *
 * @returns how many records were found
 */
export function buryDead(memory: TapMemory): number {
  let found = 0;
  for (let row = 0; row < ROWS; row++) {
    const at = memory.row(row);
    const owner = Atomics.load(memory.words, at + Row.owner);
    if (pidOf(owner) === 0 || isAlive(identityIn(memory, at + Row.start, pidOf(owner)))) continue;
    found += takeFrom(memory, holderOf(row, owner));
    freeRow(memory, row, owner);
  }
  return found;
}

/** Whether the process that made the tap still runs. When it doesn't, what its threads had published is shown. */
export function checkOwner(memory: TapMemory): boolean {
  if (isAlive(identityIn(memory, Header.ownerStart, memory.words[Header.ownerPid]!))) return true;
  for (let ring = 0; ring < memory.geometry.rings; ring++) showWriting(memory, ring);
  return false;
}

export function consumersOf(memory: TapMemory): TapConsumer[] {
  const { words, floats } = memory;
  const consumers: TapConsumer[] = [];
  for (let row = 0; row < ROWS; row++) {
    const at = memory.row(row);
    const pid = pidOf(Atomics.load(words, at + Row.owner));
    const [records, bytes] = [floats[(at + Row.records) >> 1]!, floats[(at + Row.bytes) >> 1]!];
    if (pid !== 0) consumers.push({ pid, records, bytes });
  }
  return consumers;
}

function identityIn({ words }: TapMemory, start: number, pid: number): ProcessIdentity {
  return { pid, startLow: Atomics.load(words, start), startHigh: words[start + 1]! };
}

function takeFrom(memory: TapMemory, holder: number): number {
  const { words, geometry } = memory;
  let found = 0;
  for (let ring = 0; ring < geometry.rings; ring++) {
    for (let block = 0; block < geometry.blocks; block++) {
      const at = memory.states(ring) + block;
      const state = Atomics.load(words, at);
      if (kindOf(state) !== Kind.claimed || claimant(state) !== holder) continue;
      const generation = generationOf(state);
      const count = words[memory.block(ring, block) + Block.count + (generation & 1)]! >>> 0;
      const abandoned = stateOf(Kind.abandoned, generation);
      if (Atomics.compareExchange(words, at, state, abandoned) === state) found += count;
    }
  }
  return found;
}
