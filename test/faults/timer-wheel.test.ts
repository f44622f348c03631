import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HoldStore, NONE } from '../../dist/faults/hold-store.js';
import { TimerWheel } from '../../dist/faults/timer-wheel.js';
import { Batch, Umem } from '../../dist/xsk/index.js';

const CAPACITY = 256;
const UMEM = new Umem({ frames: 1 });

/** A wheel of numbered entries, beside a list that is sorted the plain way. */
class Model {
  readonly store = new HoldStore(HoldStore.memoryFor(CAPACITY), false);
  readonly wheel = new TimerWheel(this.store);
  now: number;
  readonly #batch = new Batch(UMEM, 1);
  readonly #names = new Map<number, number>();
  #waiting: { tick: number; name: number }[] = [];
  #last = 0;

  constructor(start: number) {
    this.now = start;
    this.wheel.advance(start);
  }

  put(delay: number): void {
    if (this.store.room === 0) return;
    const entries = new Int32Array(1);
    const ticks = Int32Array.of((this.now + delay) | 0);
    this.store.put(this.#batch, 0, Int32Array.of(0), ticks, new Int32Array(1), entries, 1);
    const name = this.#last++;
    this.#names.set(entries[0]!, name);
    this.#waiting.push({ tick: this.now + delay, name });
    this.wheel.put(entries, ticks, 1);
  }

  /** Goes on, and holds what comes out against what should. */
  advance(ticks: number): void {
    this.now += ticks;
    this.wheel.advance(this.now);
    const due = this.#waiting.filter(({ tick }) => tick <= this.now).sort((a, b) => a.tick - b.tick || a.name - b.name);
    this.#waiting = this.#waiting.filter(({ tick }) => tick > this.now);
    expect(this.takeAll()).toEqual(due.map(({ name }) => name));
    const first = Math.min(...this.#waiting.map(({ tick }) => tick));
    expect(this.wheel.isEmpty).toBe(this.#waiting.length === 0);
    expect(this.wheel.next()).toBeLessThanOrEqual(first);
    expect(this.wheel.next()).toBeGreaterThan(this.now);
    expect(this.store.used).toBe(this.#waiting.length);
  }

  takeAll(): number[] {
    const names: number[] = [];
    for (let entry = this.wheel.ready; entry !== NONE; ) {
      names.push(this.#names.get(entry)!);
      const next = this.store.words[entry]!;
      this.store.give(entry, entry, 1);
      entry = next;
    }
    this.wheel.ready = NONE;
    return names;
  }

  /** Waking when the wheel says so, as seldom as that: how often until it is empty. */
  wakeUps(): number {
    let wakes = 0;
    for (; !this.wheel.isEmpty; wakes++) this.advance(this.wheel.next() - this.now);
    return wakes;
  }
}

const delay = fc.oneof(fc.nat(3), fc.nat(300), fc.nat(70_000), fc.nat(20_000_000), fc.nat(2 ** 31 - 1));
const step = fc.record({
  delays: fc.array(delay, { maxLength: 20 }),
  ticks: fc.oneof(fc.nat(3), fc.nat(600), fc.nat(2 ** 18)),
});
/** Also where the lower 32 bits of a tick begin anew, or change their sign. */
const start = fc.constantFrom(0, 255, 65_535, 2 ** 31 - 300, 2 ** 32 - 300, 2 ** 32 - 3, 2 ** 40 + 7);

test('entries come out when they are due, in order, and the next one is never due sooner than it says', () => {
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 30 }), (from, steps) => {
      const model = new Model(from);
      for (const { delays, ticks } of steps) {
        for (const ticksToGo of delays) model.put(ticksToGo);
        model.advance(ticks);
      }
    }),
    { numRuns: 300 },
  );
});

test('to wait for an entry takes a wake-up for each level at most', () => {
  for (const ticks of [1, 200, 60_000, 10_000_000, 2_000_000_000]) {
    const model = new Model(2 ** 32 - 300);
    model.put(ticks);
    expect(model.wakeUps()).toBeLessThanOrEqual(4);
  }
});

test('at the end all come out, in order', () => {
  const model = new Model(5);
  for (const ticks of [100_000, 3, 700, 100_000_000, 700, 2]) model.put(ticks);
  model.wheel.advanceToEnd();
  expect(model.takeAll()).toEqual([5, 1, 2, 4, 0, 3]);
  expect(model.wheel.isEmpty).toBe(true);
});
