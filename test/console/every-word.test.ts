import { expect, test } from 'vitest';
import { FAULT_SETTINGS } from '../../dist/faults/index.js';
import { PIPELINE_SETTINGS } from '../../dist/pipeline/index.js';
import { SEED_WORDS } from './seed-words.js';
import { session } from './session.js';

const names = new Set(session().words.map(({ name }) => name));

test('there is every word of IXDP, and each spelling of a probability', () => {
  for (const word of Object.values(SEED_WORDS).flat()) {
    expect(names).toContain(word);
    expect(names).toContain(word.replace('propability', 'probability'));
  }
});

test('there is a word for every setting', () => {
  for (const { word } of Object.values({ ...FAULT_SETTINGS, ...PIPELINE_SETTINGS })) expect(names).toContain(word);
});

test('words that were added set what they say', () => {
  const { run, lines, control, failure } = session();
  run('off if.statistics');
  expect(control.statistics).toBe(false);
  run('on if.statistics fault.restart fault.restart');
  expect([control.statistics, control.restarts]).toEqual([true, 2]);
  run('5ms 0 fault.jitter 25000 0 fault.delay.correlation 1mbit 0 fault.rate 15k enp1s0f0 fault.rate.burst');
  expect(lines('fault.status')).toContain('  delay                 0 ms +- 5 ms uniform, correlation 25000 (25.000%)');
  expect(lines('fault.status')).toContain('  rate                  1000000 bit/s, burst 15000 bytes');
  expect(failure('2g 0 fault.rate.burst')).toBe(
    'fault.rate.burst: bytes "2g" is not a number of bytes up to 1G, such as 15k or 1m',
  );
  expect(failure('100001 0 fault.delay.correlation')).toContain('a whole number from 0 to 100000');
});

test('a line is over when what it has begun is done, or has failed', async () => {
  const { control, run } = session();
  expect(run('1 1 +').rest).toBeUndefined();
  expect(await run('callback.reload').rest).toBeUndefined();
  Object.assign(control.callback, { reload: () => Promise.reject(new Error('broken')) });
  const { failure, rest } = run('callback.reload 7');
  expect(failure).toBeUndefined();
  expect(await rest).toEqual({
    word: 'callback.reload',
    message: 'callback.reload: something that should not happen: broken',
  });
});
