import { expect, test } from 'vitest';
import { session } from './session.js';

test('a line', () => {
  const { failure } = session();
  expect(failure(`${' '.repeat(4095)}1`)).toBeUndefined();
  expect(failure(`${' '.repeat(4096)}1`)).toBe('a line may have at most 4096 characters');
});

test('an item, and the stack', () => {
  const { failure, run, lines } = session();
  run(`${'x'.repeat(2040)} x !`);
  run('x @ x @ datacat xx !');
  expect(failure('xx @ x @ datacat')).toBe('datacat: an item may have at most 4096 bytes');
  for (let i = 0; i < 10; i++) expect(failure('1 '.repeat(100))).toBeUndefined();
  expect(failure('2')).toBe('2: the stack holds at most 1000 items');
  expect(failure('{ 2 }')).toBe('2: the stack holds at most 1000 items');
  expect(lines('.s')).toHaveLength(1000);
});

test('frames', () => {
  const { failure } = session();
  expect(failure('{ '.repeat(64))).toBeUndefined();
  expect(failure('{')).toBe('{: at most 64 frames may be open');
  expect(failure('} '.repeat(64))).toBeUndefined();
});

test('steps', () => {
  const { failure, run } = session();
  run('"{ } { } { } { } { }" a !!');
  for (const [outer, inner] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf']) run(`"${`${inner} `.repeat(10)}" ${outer} !!`);
  const begin = performance.now();
  expect(failure('f')).toMatch(/^\w: \S+: the line takes more than 1000000 steps$/);
  expect(failure('g g g g')).toMatch(/more than 1000000 steps$/);
  // About half a second where nothing else runs.
  expect(performance.now() - begin).toBeLessThan(20_000);
  expect(failure('d')).toBeUndefined();
});

test('output', () => {
  const { control, run } = session();
  const entry = (i: number) => ({
    mac: `02:00:00:${(i >> 16).toString(16).padStart(2, '0')}:${((i >> 8) & 0xff).toString(16).padStart(2, '0')}:${(i & 0xff).toString(16).padStart(2, '0')}`,
    packets: i,
    bytes: i,
    lastSeen: 0,
  });
  control.macTable = { entries: Array.from({ length: 16_384 }, (_, i) => entry(i)), overflow: 0 };
  const { outputs, failure } = run('0 if.mac.show 0 if.mac.show 0 if.mac.show');
  expect(failure?.message).toBe('if.mac.show: the line prints more than 4194304 characters');
  expect(outputs).toHaveLength(2);
  run('"1 ." a !!');
  for (const [outer, inner] of ['ba', 'cb', 'dc', 'ed', 'fe']) run(`"${`${inner} `.repeat(10)}" ${outer} !!`);
  expect(run('f').outputs.length).toBeLessThan(70_000);
});

test('variables and compound words', () => {
  const { failure } = session();
  for (let i = 0; i < 1000; i++) expect(failure(`1 v${i} ! "1" c${i} !!`)).toBeUndefined();
  expect(failure('1 more !')).toBe('!: there are 1000 variables already');
  expect(failure('1 more !!')).toBe('!!: there are 1000 compound words already');
  expect(failure('2 v1 ! "2" c1 !!')).toBeUndefined();
});

test('files that run one another, and lines of files', () => {
  const { failure, lines } = session({
    self: '\n"self" load',
    empty: '',
    good: '1 . # one\r\n"2 ." two !!\n{\ntwo }\n',
    bad: '1 .\n\nx 1 + .\n2 .',
    outer: '"bad" load',
    long: 'x'.repeat(5000),
  });
  expect(lines('"good" load two')).toEqual(['1', '2', '2']);
  expect(lines('empty load')).toEqual([]);
  expect(lines('nothing load-if-present "good" load-if-present')).toEqual(['1', '2']);
  expect(failure('bad load')).toMatch(/^bad:3: \+: n1 "x" is not a number/);
  expect(failure('outer load')).toMatch(/^bad:3: \+: n1 "x" is not a number/);
  expect(failure('bad load-if-present')).toMatch(/^bad:3: /);
  expect(failure('nothing load')).toBe('load: file "nothing" is not there');
  expect(failure('self load')).toBe('self:2: load: words and files run more than 64 deep in one another');
  expect(failure('long load')).toBe('long:1: a line may have at most 4096 characters');
});
