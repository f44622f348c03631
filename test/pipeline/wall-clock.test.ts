import { afterEach, expect, test, vi } from 'vitest';
import { WallClock } from '../../dist/pipeline/wall-clock.js';

afterEach(() => vi.restoreAllMocks());

/** Clocks that stand still until they are set. */
function stopClocks() {
  const since = performance.now();
  const clocks = { passed: 0, set: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => since + clocks.passed);
  vi.spyOn(Date, 'now').mockImplementation(() => {
    return Math.floor(performance.timeOrigin + since + clocks.passed + clocks.set);
  });
  return clocks;
}
const milliseconds = ({ seconds, nanoseconds }: WallClock) => seconds * 1000 + nanoseconds / 1e6;

test('it tells the time of day, in parts that agree', () => {
  const clock = new WallClock();
  for (let i = 0; i < 1000; i++) {
    const before = Date.now();
    clock.read();
    const after = Date.now();
    // The system's clock is read in whole milliseconds.
    expect(milliseconds(clock)).toBeGreaterThan(before - 2);
    expect(milliseconds(clock)).toBeLessThan(after + 2);
    expect(clock.nanoseconds).toBeGreaterThanOrEqual(0);
    expect(clock.nanoseconds).toBeLessThan(1e9);
    expect(Math.abs(clock.milliseconds - milliseconds(clock))).toBeLessThanOrEqual(1.001);
  }
});

test('nanoseconds go on by themselves, also over the end of a second', () => {
  const clocks = stopClocks();
  const clock = new WallClock();
  let [seconds, nanoseconds] = [clock.seconds, clock.nanoseconds];
  for (let i = 0; i < 5000; i++) {
    clocks.passed += 0.7301;
    clock.read();
    const passed = (clock.seconds - seconds) * 1e9 + clock.nanoseconds - nanoseconds;
    expect(Math.abs(passed - 730_100)).toBeLessThan(300);
    [seconds, nanoseconds] = [clock.seconds, clock.nanoseconds];
  }
});

test.each([3_600_000, -3_600_000, 86_400_000 * 365, 100])(
  'when the system clock is set by %d ms, it follows',
  (set) => {
    const clocks = stopClocks();
    const clock = new WallClock();
    clock.read();
    const before = milliseconds(clock);
    clocks.set = set;
    clocks.passed += 1001;
    clock.read();
    expect(Math.abs(milliseconds(clock) - before - 1001 - set)).toBeLessThan(2);
    expect(Math.abs(clock.milliseconds - before - 1001 - set)).toBeLessThan(2);
  },
);

test('it goes evenly while the system clock is only read in whole milliseconds', () => {
  const clocks = stopClocks();
  const clock = new WallClock();
  const before = milliseconds(clock);
  for (let i = 0; i < 100; i++) {
    clocks.passed += 1000.37;
    clock.read();
  }
  expect(milliseconds(clock) - before).toBeCloseTo(100_037, 2);
});
