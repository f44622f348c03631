import { expect, test } from 'vitest';
import { session } from './session.js';

test('arithmetic is exact', () => {
  const { lines, failure } = session();
  const print = (line: string) => lines(`{ ${line} . }`)[0];
  expect(print('0.1 0.2 +')).toBe('0.3');
  expect(print('5 7 -')).toBe('-2');
  expect(print('-0.05 2 *')).toBe('-0.1');
  expect(print('0.5 2 *')).toBe('1');
  expect(print('0x10 +5 +')).toBe('21');
  expect(print('18446744073709551614 1 +')).toBe('18446744073709551615');
  expect(print('-9223372036854775808 0 +')).toBe('-9223372036854775808');
  expect(failure('18446744073709551615 1 +')).toBe(
    '+: the result is out of range: it has to lie from -2^63 to 2^64 - 1',
  );
  expect(failure('-9223372036854775808 1 -')).toMatch(/out of range/);
  expect(failure('4294967296 4294967296 *')).toMatch(/out of range/);
  expect(failure('0.0000000001 0.0000000001 *')).toBe('*: the result has more than 18 decimal places');
  for (const no of ['', '1.', '.5', '1e3', '0x', '1_0', '--1', '18446744073709551616', '١']) {
    expect(failure(`"${no}" +`)).toMatch(/^\+: n2 .* is not a number/);
  }
});

test('results have kinds', () => {
  const { data } = session();
  expect(data('1 1 + . 18446744073709551615 + . 0.5 1 + .')).toEqual(
    [
      { kind: 'int64', value: '2' },
      { kind: 'uint64', value: '18446744073709551615' },
      { kind: 'string', value: '1.5' },
    ].map((item) => expect.objectContaining(item)),
  );
});

/** Each kind: its word, a text, what is printed, its bytes, and a text that is none. */
const kinds = [
  ['int8', 'int8_t', '-1', '-1', 'ff', '128'],
  ['uint8', 'uint8_t', '255', '255', 'ff', '-1'],
  ['int16', 'int16_t', '-2', '-2', 'fffe', '32768'],
  ['uint16', 'uint16_t', '0x102', '258', '0102', '65536'],
  ['int32', 'int32_t', '1', '1', '00000001', '2147483648'],
  ['uint32', 'uint32_t', '1', '1', '00000001', '4294967296'],
  ['int64', 'int64_t', '-1', '-1', 'ffffffffffffffff', '9223372036854775808'],
  ['uint64', 'uint64_t', '1', '1', '0000000000000001', '1.5'],
  ['ip', 'ip_t', '10.0.0.1', '::ffff:10.0.0.1', '00000000000000000000ffff0a000001', '10.0.0'],
  ['ip', 'ip_t', '2001:DB8::1', '2001:db8::1', '20010db8000000000000000000000001', 'fe80::1%eth0'],
  ['ip4', 'ip4_t', '10.0.0.1', '10.0.0.1', '0a000001', '::1'],
  [
    'ip range',
    'ip_range_t',
    '10.0.0.5/30',
    '::ffff:10.0.0.4-::ffff:10.0.0.7',
    '00000000000000000000ffff0a00000400000000000000000000ffff0a000007',
    '10.0.0.9-10.0.0.1',
  ],
  ['ip range', 'ip_range_t', '::1-::2', '::1-::2', `${'0'.repeat(31)}1${'0'.repeat(31)}2`, '10.0.0.0/33'],
  ['mac', 'mac_t', '02-00-00-00-00-FF', '02:00:00:00:00:ff', '0200000000ff', '02:00:00:00:00'],
  [
    'mac range',
    'mac_range_t',
    '02:00:00:00:00:00-02:00:00:00:00:ff',
    '02:00:00:00:00:00-02:00:00:00:00:ff',
    '0200000000000200000000ff',
    '02:00:00:00:00:00',
  ],
  ['binary', 'data_t', '00fF', '00ff', '00ff', '0'],
] as const;

test.each(kinds)('%s by str->%s from %s', (kind, type, text, value, bytes, wrong) => {
  const { data, failure } = session();
  expect(data(`"${text}" str->${type} .x`)).toEqual([{ kind, value, bytes }]);
  expect(failure(`"${wrong}" str->${type}`)).toMatch(`str->${type}: string "${wrong}" is not `);
  // A typed item is a text as well.
  expect(data(`"${text}" str->${type} str->${type} .`)).toEqual([{ kind, value }]);
});

test('random numbers come from the generator', () => {
  const [a, b] = [session(), session()];
  const numbers = a.data('random32 . random64 . random64 .') as { kind: string; value: string }[];
  expect(b.data('random32 . random64 . random64 .')).toEqual(numbers);
  expect(numbers.map(({ kind }) => kind)).toEqual(['uint32', 'uint64', 'uint64']);
  expect(BigInt(numbers[1]!.value)).toBeLessThan(1n << 64n);
  expect(new Set(numbers.map(({ value }) => value)).size).toBe(3);
});

test('datacat', () => {
  const { data } = session();
  expect(data('ab "c d" datacat .')).toEqual([{ kind: 'string', value: 'abc d' }]);
  expect(data('1 str->uint8_t 10.0.0.1 str->ip4_t datacat .')).toEqual([{ kind: 'binary', value: '010a000001' }]);
  expect(data('é 1 str->uint8_t datacat .')).toEqual([{ kind: 'binary', value: 'c3a901' }]);
});

test('.x', () => {
  const { lines } = session();
  expect(lines('"0123456789abcdef|\u0000é" .x')).toEqual([
    '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|',
    '00000010  7c 00 c3 a9                                       ||...|',
  ]);
  expect(lines('"" .x')).toEqual([]);
});

test('.s shows frames, and .d the variables', () => {
  const { lines, data } = session();
  expect(lines('1 { "a b" 7 str->uint8_t { .s')).toEqual(['"1"', '{', '  "a b"', '  7 (uint8)', '  {']);
  expect(data('.s')[0]).toMatchObject({ frames: [[{ kind: 'string', value: '1' }], [{}, {}], []] });
  expect(lines('.cs .s .d')).toEqual([]);
  expect(lines('1 b ! "x y" aa ! .d')).toEqual(['aa x y', 'b  1']);
  expect(data('.d')).toEqual([
    {
      variables: [
        { name: 'aa', kind: 'string', value: 'x y' },
        { name: 'b', kind: 'string', value: '1' },
      ],
    },
  ]);
});

test('.i and help', () => {
  const { words, lines, data, failure, run } = session();
  run('"if.stats 0 if.mac.show" look !!');
  const listed = lines('.i');
  expect(listed).toHaveLength(words.length + 1);
  for (const { name, stack } of words)
    expect(listed.some((line) => line.replace(/ +/, ' ') === `${name} ${stack}`)).toBe(true);
  expect(lines('.i loo')).toEqual(['look  "if.stats 0 if.mac.show"']);
  expect(lines('.i no-such')).toEqual([]);
  expect(lines('.i tap.rx')).toEqual(['tap.rx.disable  ( interface - )', 'tap.rx.enable   ( interface - )']);
  for (const { name, stack, help } of words) expect(data(`help ${name}`)).toEqual([{ name, stack, help }]);
  expect(lines('help if.qstats')).toEqual([
    'if.qstats  ( queue interface - )',
    '  show detailed queue/interface statistics',
  ]);
  expect(lines('help')).not.toEqual([]);
  expect(failure('help nobody')).toBe('help: "nobody" is not a word; .i lists them');
});
