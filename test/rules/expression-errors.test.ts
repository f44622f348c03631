import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesExpression, parseExpression } from '../../dist/rules/expression/index.js';
import { XdpError } from '../../dist/sys/index.js';

function errorOf(text: string): XdpError {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof XdpError) return error;
    throw error;
  }
  throw new Error(`"${text}" is taken`);
}

test('an error names the column, and shows the place', () => {
  const error = errorOf('tcp port 80 and\nhost example.org');
  expect(error.code).toBe('XDP_ERR_EXPRESSION');
  expect(error.exitCode).toBe(2);
  expect(error.message).toBe(
    'column 22 of the expression: expected an address, found "example.org"; hosts are not looked up by name',
  );
  expect(error.advice?.split('\n')).toEqual(['tcp port 80 and host example.org', `${' '.repeat(21)}^`]);
});

test.each([
  ['protochain', 'ip protochain 6', 'protochain is not supported'],
  ['a netmask', 'ip broadcast', 'needs a netmask'],
  ['geneve', 'geneve', 'geneve is not supported'],
  ['802.2', 'llc', 'llc is not supported'],
  ['other media', 'type mgt', 'expected a primitive'],
  ['parentheses', `${'('.repeat(300)}tcp`, 'nested deeper than 200 levels'],
  ['not', `${'not '.repeat(300)}tcp`, 'nested deeper than 200 levels'],
  ['brackets', `${'ip['.repeat(300)}`, 'nested deeper than 200 levels'],
  ['words', `tcp${' or tcp'.repeat(5000)}`, 'at most 8192 words'],
  ['operators', `len${' + 1'.repeat(300)} = 1`, 'more than 200 operators in a row'],
  ['numbers', `${'len - ('.repeat(16)}len${')'.repeat(16)} = len`, 'more than 16 numbers'],
])('%s: what libpcap takes and we do not', (_, text, problem) => {
  expect(errorOf(text).message).toContain(problem);
});

test('long expressions are fine', () => {
  const ports = parseExpression(`port ${Array.from({ length: 2000 }, (_, i) => i + 1).join(' or ')}`);
  expect(matchesExpression(ports, new Uint8Array(60))).toBe(false);
  expect(matchesExpression(parseExpression(`${'('.repeat(199)}len = 60${')'.repeat(199)}`), new Uint8Array(60))).toBe(
    true,
  );
});

test('whatever the text, it is an expression or an error of this kind', () => {
  const words = fc.constantFrom(
    ...'tcp port host net and or not ( ) [ ] : / = != & && | 1 10.0.0.1 2001:db8:: :: 1:2:3:4:5:6 src dst proto len - vlan mpls pppoes mask less \\tcp ip6 x-y 0x 08'.split(
      ' ',
    ),
  );
  const text = fc.oneof(
    fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' ')),
    fc.string(),
  );
  const property = fc.property(text, (each) => {
    try {
      matchesExpression(parseExpression(each), new Uint8Array(64));
    } catch (error) {
      if ((error as XdpError).code !== 'XDP_ERR_EXPRESSION') throw error;
    }
  });
  fc.assert(property, { numRuns: process.env['XDPKIT_LONG'] ? 1_000_000 : 2000 });
}, 600_000);

test('reads nothing outside of the frame', () => {
  const memory = new Uint8Array(100).fill(0xff);
  memory.fill(0, 20, 40);
  const holds = (text: string) => matchesExpression(parseExpression(text), memory, 20, 20);
  expect(holds('ether[0:4] = 0 and ether[16:4] = 0 and len = 20')).toBe(true);
  expect(holds('ether[17:4] = 0xff')).toBe(false);
  expect(holds('not ether[17:4] = 1')).toBe(false);
  expect(holds('ether[20] = 0xff or len = 20')).toBe(false);
  expect(holds('len = 20 or ether[20] = 0xff')).toBe(true);
  expect(holds('ether[0xfffffffc] = 0xff')).toBe(false);
  expect(holds('ether[len - 24] = 0xff')).toBe(false);
});
