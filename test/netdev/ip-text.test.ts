import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIp, parsePrefix } from '../../dist/netdev/ip-text.js';
import { parseIp } from '../../dist/wire/index.js';

test.each([
  ['192.0.2.1', 'c0000201'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::', '20010db8000000000000000000000000'],
  ['2001:db8:0:1::a:b', '20010db80000000100000000000a000b'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
])('%s', (text, hex) => {
  expect(Buffer.from(parseIp(text)).toString('hex')).toBe(hex);
  expect(formatIp(parseIp(text))).toBe(text);
});

test('every address survives being written and read', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Runs of zeros are what the short form is about.
    fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(address, (bytes) => {
      expect(parseIp(formatIp(bytes))).toEqual(bytes);
    }),
  );
});

test.each(['', '10.0.0', '10.0.0.256', '::1::', 'fe80::1%lo', 'host'])('%j is refused', (text) => {
  expect(() => parseIp(text)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
});

test.each(['10.0.0.1', '10.0.0.1/', '10.0.0.1/33', '::1/129', '10.0.0.1/8/8', '10.0.0.1/-1'])(
  '%j is no prefix',
  (text) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
  },
);
