import { Helper, R0, R1, R2, R3, R4, R6, R10, type Register } from '../../../dist/ebpf/index.js';
import { ARGUMENTS, CALLER_SAVED, CONTEXT, type Draft, KEY, VALUE } from './draft.js';
import { ADDRESSES, RANDOM_MAPS } from './map-specs.js';
import { access, arithmetic, atomicAccess, type Block } from './plain-blocks.js';

const LOOKED_UP = ['array', 'percpuArray', 'hash', 'percpuHash', 'lruHash', 'lpmTrie'] as const;
type Keyed = (typeof LOOKED_UP)[number];

/** Writes a key to its place: one that may be there, or may not. */
function writeKey(d: Draft, map: Keyed): void {
  const { random, code } = d;
  if (map === 'lpmTrie') {
    code.store('u32', R10, KEY, random.pick([0, 8, 16, 17, 24, 32, 32, 33]));
    code.store('u32', R10, KEY + 4, random.pick(ADDRESSES));
    return;
  }
  if (random.chance(0.5)) {
    code.store('u32', R10, KEY, random.below(10));
  } else {
    const key = d.scalar();
    code.alu('&', key, 7).store('u32', R10, KEY, key);
  }
  if (map === 'percpuHash') code.store('u32', R10, KEY + 4, 0);
}

function pointTo({ code }: Draft, register: Register, offset: number): void {
  code.mov(register, R10).alu('+', register, offset);
}

/** Loads, stores and atomic operations on a value. */
function useValue(d: Draft, base: Register, size: number): void {
  const { random } = d;
  for (let i = random.between(1, 4); i > 0; i--) {
    if (random.chance(0.7)) access(d, base, (bytes) => random.between(0, size - bytes));
    else atomicAccess(d, base, (bytes) => bytes * random.below(Math.floor(size / bytes)));
  }
}

/** What the rest of a block needs behind a lookup: somewhere to go when nothing was found. */
function ifFound(d: Draft, found: () => void): void {
  const nothing = d.label('nothing');
  d.code.jump('==', R0, 0, nothing);
  found();
  d.code.label(nothing);
}

const lookup: Block = (d) => {
  const { random, code } = d;
  if (d.budget.branches === 0) return arithmetic(d);
  d.budget.branches--;
  const map = random.pick(LOOKED_UP);
  d.without(CALLER_SAVED, () => {
    writeKey(d, map);
    pointTo(d, R2, KEY);
    d.map(R1, map);
    if (map.startsWith('percpu') && random.chance(0.5)) code.mov(R3, random.below(3)).call(Helper.mapLookupPercpuElem);
    else code.call(Helper.mapLookupElem);
    ifFound(d, () => useValue(d, R0, RANDOM_MAPS[map].valueSize));
  });
};

/**
 * A value that is held on to while its element is replaced, deleted or made anew. (Not of a trie: the kernel links memory that
 * waits to be freed through its first bytes.)
 */
const stale: Block = (d) => {
  const { random, code } = d;
  if (d.budget.branches === 0) return arithmetic(d);
  d.budget.branches--;
  const map = random.pick(['hash', 'percpuHash'] as const);
  d.without([...CALLER_SAVED, R6], () => {
    writeKey(d, map);
    pointTo(d, R2, KEY);
    d.map(R1, map);
    code.call(Helper.mapLookupElem);
    ifFound(d, () => {
      code.mov(R6, R0);
      for (let i = random.between(1, 3); i > 0; i--) {
        if (random.chance(0.4)) writeKey(d, map);
        pointTo(d, R2, KEY);
        pointTo(d, R3, VALUE);
        code.mov(R4, random.below(3));
        d.map(R1, map);
        code.call(random.chance(0.4) ? Helper.mapDeleteElem : Helper.mapUpdateElem);
      }
      useValue(d, R6, RANDOM_MAPS[map].valueSize);
    });
  });
};

const change: Block = (d) => {
  const { random, code } = d;
  const map = random.pick(LOOKED_UP);
  for (let i = random.below(3); i > 0; i--)
    access(d, R10, (size) => VALUE + size * random.below(RANDOM_MAPS[map].valueSize / size));
  const remove = random.chance(0.3);
  d.call(remove ? Helper.mapDeleteElem : Helper.mapUpdateElem, () => {
    writeKey(d, map);
    pointTo(d, R2, KEY);
    pointTo(d, R3, VALUE);
    code.mov(R4, random.pick([0, 0, 0, 1, 2, 3, 8]));
    d.map(R1, map);
  });
};

const inner: Block = (d) => {
  const { random, code } = d;
  if (d.budget.branches < 2) return arithmetic(d);
  d.budget.branches -= 2;
  d.maps.add('innerA').add('innerB');
  d.without(CALLER_SAVED, () => {
    code.store('u32', R10, KEY, random.below(8));
    pointTo(d, R2, KEY);
    d.map(R1, random.pick(['arrayOfMaps', 'hashOfMaps']));
    code.call(Helper.mapLookupElem);
    ifFound(d, () => {
      code.mov(R1, R0).store('u32', R10, KEY, random.below(5));
      pointTo(d, R2, KEY);
      code.call(Helper.mapLookupElem);
      ifFound(d, () => useValue(d, R0, RANDOM_MAPS.innerA.valueSize));
    });
  });
};

const queue: Block = (d) => {
  const { random, code } = d;
  const helper = random.pick([Helper.mapPushElem, Helper.mapPushElem, Helper.mapPopElem, Helper.mapPeekElem]);
  if (random.chance(0.5)) access(d, R10, (size) => VALUE + size * random.below(8 / size));
  d.call(helper, () => {
    pointTo(d, R2, VALUE);
    code.mov(R3, random.pick([0, 0, 1, 2, 3]));
    d.map(R1, random.pick(['queue', 'stack']));
  });
};

const ringBuffer: Block = (d) => {
  const { random, code } = d;
  const length = random.between(1, 64);
  if (random.chance(0.3)) {
    return d.call(Helper.ringbufOutput, () => {
      pointTo(d, R2, VALUE);
      code.mov(R3, length).mov(R4, random.pick([0, 1, 2, 4]));
      d.map(R1, 'ring');
    });
  }
  if (random.chance(0.3) || d.budget.branches === 0) {
    return d.call(Helper.ringbufQuery, () => {
      code.mov(R2, random.pick([0, 1, 4]));
      d.map(R1, 'ring');
    });
  }
  d.budget.branches--;
  const size = length + 8;
  const tooMuch = random.chance(0.1);
  d.without(CALLER_SAVED, () => {
    code.mov(R2, tooMuch ? random.pick([4000, 4080, 4088]) : size).mov(R3, random.chance(0.95) ? 0 : 1);
    d.map(R1, 'ring');
    code.call(Helper.ringbufReserve);
    ifFound(d, () => {
      if (!tooMuch) {
        // All of it: what a program does not write keeps what was in the ring before.
        for (let at = 0; at + 8 <= size; at += 8) code.store('u64', R0, at, at);
        code.store('u64', R0, size - 8, d.scalar());
        useValue(d, R0, size);
      }
      const helper = tooMuch || random.chance(0.2) ? Helper.ringbufDiscard : Helper.ringbufSubmit;
      code.mov(R1, R0).mov(R2, 0).call(helper);
    });
  });
};

/** On in another program; where there is none, here. */
const tailCall: Block = (d) => {
  const { random, code } = d;
  d.without([R0, ...ARGUMENTS], () => {
    code.mov(R1, CONTEXT).mov(R3, random.below(3));
    d.map(R2, 'programs');
    code.call(Helper.tailCall);
  });
};

/** What reaches maps. */
export const MAP_BLOCKS: readonly (readonly [number, Block])[] = [
  [4, lookup],
  [3, change],
  [1, stale],
  [1, inner],
  [1, queue],
  [1, ringBuffer],
];
export const TAIL_CALL: Block = tailCall;
