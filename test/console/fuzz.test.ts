import { expect, test } from 'vitest';
import { seededRandom } from '../../dist/console/index.js';
import { randomLine } from './random-line.js';
import { session, type TestSession } from './session.js';

const LONG = process.env['XDPKIT_LONG'] === '1';
const LINES = LONG ? 1_000_000 : 10_000;
/** Lines until a new session is begun: what was defined in one makes the next lines madder. */
const SESSION = 500;
/** Milliseconds. A line of a million steps takes up to one second on a machine that does nothing else. */
const LONGEST = 20_000;
const FILES = { words: '"1 ." a !!\n2 .\n', self: '"self" load' };

function newSession(): { readonly current: TestSession; readonly names: readonly string[] } {
  const current = session(FILES);
  return { current, names: current.words.map(({ name }) => name) };
}

test(
  `${LINES} random lines do no harm`,
  () => {
    const random = seededRandom(2026);
    let { current, names } = newSession();
    const counts = { failed: 0, outputs: 0 };
    let slowest = 0;
    for (let i = 0; i < LINES; i++) {
      if (i % SESSION === 0) ({ current, names } = newSession());
      const line = randomLine(random, names);
      const begin = performance.now();
      const { outputs, notices, failure } = current.run(line);
      slowest = Math.max(slowest, performance.now() - begin);
      counts.outputs += outputs.length;
      if (failure) {
        counts.failed++;
        const { word, message } = failure;
        // It tells what is wrong, in one line that is fit for a terminal, and is nothing that nobody foresaw.
        expect(message, line).toMatch(/^[^\p{Cc}\p{Cs}\u202a-\u202e]{5,}$/u);
        expect(message, line).not.toContain('something that should not happen');
        expect(word === '' || message.includes(': '), line).toBe(true);
      }
      for (const { lines, data } of outputs) {
        expect(typeof JSON.stringify(data)).toBe('string');
        // Nothing printed steers a terminal.
        for (const each of lines)
          if (/[\p{Cc}\u202a-\u202e]/u.test(each)) expect.fail(`${JSON.stringify(line)} printed ${each}`);
      }
      expect(notices.length).toBeLessThanOrEqual(8);
    }
    if (LONG) console.log(`${LINES} lines: ${JSON.stringify(counts)}, the slowest took ${slowest.toFixed(0)} ms`);
    // Both ways have been gone often.
    expect(counts.failed).toBeGreaterThan(LINES / 10);
    expect(counts.failed).toBeLessThan(LINES);
    expect(counts.outputs).toBeGreaterThan(LINES / 10);
    expect(slowest).toBeLessThan(LONGEST);
    expect(current.interpreter.fork().run('1 1 + .').outputs[0]?.lines).toEqual(['2']);
  },
  LONG ? 3_600_000 : 60_000,
);
