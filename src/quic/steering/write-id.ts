import { Helper, R0, R1, R2, R3, R4, R5, R10 } from '../../ebpf/index.js';
import { CounterKey, SteeringMap } from './layouts.js';
import { emitSketch } from './sketch.js';
import { Stack, type SteeringCode, UDP } from './steering-code.js';

/** BPF_NOEXIST */
const CREATE = 1;

/** Copies the ID of a short header to the key of its counter: as many bytes as the plan says. */
export function writeShortId({ a, plan: { idLength } }: SteeringCode, at: number): void {
  for (const [offset, size] of [
    [0, 8],
    [8, 8],
    [16, 4],
  ] as const) {
    const left = Math.min(Math.max(idLength - offset, 0), size);
    const word = size === 8 ? 'u64' : 'u32';
    if (left === 0) a.store(word, R10, Stack.idKey + offset, 0);
    else {
      a.load(word, R1, UDP, at + offset);
      if (left < size) a.load64(R2, (1n << BigInt(8 * left)) - 1n).alu('&', R1, R2);
      a.store(word, R10, Stack.idKey + offset, R1);
    }
  }
  a.store('u32', R10, Stack.idKey + CounterKey.length, idLength);
}

/** The same of an ID that has R3 bytes, 0 to 20. 20 bytes are there. */
export function writeLongId({ a }: SteeringCode, at: number): void {
  const [long, middle, done] = ['16 bytes or more', '8 bytes or more', 'id copied'].map((hint) => a.fresh(hint)) as [
    string,
    string,
    string,
  ];
  const mask = (register: typeof R1 | typeof R2 | typeof R4, whole: number) => {
    a.mov(R5, R3).alu('-', R5, whole).alu('<<', R5, 3).mov(R0, 1).alu('<<', R0, R5).alu('-', R0, 1);
    a.alu('&', register, R0);
  };
  a.store('u32', R10, Stack.idKey + CounterKey.length, R3);
  a.load('u64', R1, UDP, at)
    .load('u64', R2, UDP, at + 8)
    .load('u32', R4, UDP, at + 16);
  a.jump32('>=', R3, 16, long).mov(R4, 0).jump32('>=', R3, 8, middle).mov(R2, 0);
  mask(R1, 0);
  a.goto(done).label(middle);
  mask(R2, 8);
  a.goto(done).label(long);
  mask(R4, 16);
  a.label(done)
    .store('u64', R10, Stack.idKey, R1)
    .store('u64', R10, Stack.idKey + 8, R2);
  a.store('u32', R10, Stack.idKey + 16, R4);
}

/** Counts the ID in its counter, which it gets if it has none, and in the sketch. */
export function writeIdCount(code: SteeringCode): void {
  const { a, plan } = code;
  const [fresh, counted, sketched] = ['new id', 'counted', 'sketched'].map((hint) => a.fresh(hint)) as [
    string,
    string,
    string,
  ];
  code.lookUp(SteeringMap.counters, Stack.idKey);
  a.jump('==', R0, 0, fresh).mov(R1, 1).atomic('add', 'u64', R0, 0, R1).label(counted);
  code.lookUp(SteeringMap.sketch, Stack.zero);
  a.jump('==', R0, 0, sketched);
  emitSketch(a, Stack.idKey, plan.hashSeed);
  a.label(sketched);
  code.later(() => {
    const tooMany = a.fresh('too many ids');
    a.label(fresh);
    code.takeEntry('counterTime', tooMany);
    a.store('u64', R10, Stack.one, 1).mov(R2, R10).alu('+', R2, Stack.idKey).mov(R3, R10).alu('+', R3, Stack.one);
    a.mov(R4, CREATE).map(R1, SteeringMap.counters).call(Helper.mapUpdateElem).goto(counted);
    a.label(tooMany);
    code.count('idsNotCounted');
    a.goto(counted);
  });
}
