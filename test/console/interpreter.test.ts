import { expect, test } from 'vitest';
import { session } from './session.js';

/** Lines of a session, and what they print. */
const cases: readonly (readonly [line: string, ...prints: string[]])[] = [
  ['3 three ! three @ .', '3'],
  ['"3 +" addthree !! 2 addthree .', '5'],
  ['{ 4 * } .', '4'],
  ['{ 4 + } . { 4 - } .', '4', '-4'],
  ['2 { 4 * } * .', '8'],
  ['{ 1 { 2 3 } + } + .', '6'],
  ['50:1e:2d:49:c2:24 . 3 . 0.05 .', '50:1e:2d:49:c2:24', '3', '0.05'],
  ['"a line  with spaces" .', 'a line  with spaces'],
  ['"a \\"b\\" \\\\ \\n" .', 'a "b" \\ \\n'],
  ['"" . 1 .', '', '1'],
  ['3 . # 4 .', '3'],
  ['3 .# 4 .', '3'],
  ['"#" .', '#'],
  ['3 .\n# 4 .\n5 .', '3', '5'],
  ['\t3\r .  ', '3'],
  ['a"b .', 'a"b'],
  ['', ...[]],
  // Defined anew, also without quotes around the name.
  ['"3 +" f !! "4 +" f !! 1 f .', '5'],
  ['"1 ." "a#b" !! "x" .', 'x'],
  ['"1 ." g !! "g g" h !! h', '1', '1'],
  // The name that is defined comes off the stack.
  ['f name ! "9 ." name @ !! f', '9'],
  // Names are case sensitive, and variables and words are apart.
  ['1 a ! 2 A ! a @ . A @ .', '1', '2'],
  ['"1 ." a !! 5 "a" ! a "a" @ .', '1', '5'],
  ['1 2 .s .cs .s', '"1"', '"2"'],
  ['1 { 2 uint { "a b"', ...[]],
];

test.each(cases)('%s', (line, ...prints) => {
  expect(session().lines(line)).toEqual(prints);
});

const failures: readonly (readonly [line: string, message: string])[] = [
  ['+', '+: operand n2 missing'],
  ['{ + }', '+: operand n2 missing'],
  ['1 { 2 ! }', '!: operand value missing'],
  ['!', '!: operands value, name missing'],
  ['1 x +', '+: n2 "x" is not a number from -2^63 to 2^64 - 1, with at most 18 decimal places'],
  ['x 1 +', '+: n1 "x" is not a number from -2^63 to 2^64 - 1, with at most 18 decimal places'],
  ['"x +" f !! 1 f', 'f: +: n2 "x" is not a number from -2^63 to 2^64 - 1, with at most 18 decimal places'],
  ['nobody @', '@: name "nobody" is not a variable; .d lists them'],
  ['}', '}: no frame is open'],
  ['"a', 'a quote is not closed'],
  ['"a\\', 'a quote is not closed'],
  ['"a"b', 'a space has to follow the closing quote'],
  ['"\\"" x !!', '!!: a quote is not closed'],
  ['"1" "." !!', '!!: name "." is a built-in word, which nobody redefines'],
  ['1 "a b" !', '!: name "a b" is not a name: 1 to 32 printable ASCII characters'],
  ['1 ä !', '!: name "ä" is not a name: 1 to 32 printable ASCII characters'],
  [`1 ${'n'.repeat(33)} !`, `!: name "${'n'.repeat(33)}" is not a name: 1 to 32 printable ASCII characters`],
  ['1 "" !', '!: name "" is not a name: 1 to 32 printable ASCII characters'],
  ['"f" f !! f', 'f: words and files run more than 64 deep in one another'],
  ['"\u001b[2J" @', '@: name "\\u001b[2J" is not a variable; .d lists them'],
  ['"\u202e" @', '@: name "\\u{202e}" is not a variable; .d lists them'],
];

test.each(failures)('%s fails', (line, message) => {
  expect(session().failure(line)).toBe(message);
});

test('a failed line leaves the stack as it was before, and keeps what was done', () => {
  const { run, lines } = session();
  run('1 { 2');
  expect(run('} 9 v ! .cs { 5 . nobody @ 7')).toMatchObject({
    outputs: [{ word: '.', lines: ['5'] }],
    failure: { word: '@' },
  });
  expect(lines('v @ .')).toEqual(['9']);
  expect(lines('.s')).toEqual(['"1"', '{', '  "2"']);
});

test('a name that looks like a word, and is none, is noted', () => {
  const { run } = session();
  expect(run('50 fault.drop.probabillity').notices).toEqual([
    '"fault.drop.probabillity" is not a word: it was put on the stack',
  ]);
  expect(run('1 tap.x ! tap.x @ "fault.x" 1.2.3.4 02:00:00:00:00:01 a.b')).toEqual({ outputs: [], notices: [] });
  expect(run('tap.x '.repeat(100)).notices).toHaveLength(8);
});

test('what a terminal would act on is not printed', () => {
  expect(session().lines('"\u001b[2J\u009b\u202e" .')).toEqual(['\\x1b[2J\\x9b\\u{202e}']);
});

test('a fork begins with the definitions, and then goes its own way', () => {
  const { interpreter } = session();
  interpreter.run('1 v ! "v @ ." show !! 7');
  const fork = interpreter.fork();
  interpreter.run('2 v !');
  expect(fork.run('show .s').outputs.map(({ lines }) => lines)).toEqual([['1'], []]);
  fork.run('"3 ." show !!');
  expect(interpreter.run('show').outputs[0]?.lines).toEqual(['2']);
});
