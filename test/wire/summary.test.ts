import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv6Text, macText, payloadOffset, summary, u16, u32 } from '../../dist/wire/index.js';

const ETHERNET = '020000000002 020000000001 ';
const of = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const line = (hex: string) => summary(of(hex), 0, of(hex).length);

describe('summary', () => {
  const IPV4_UDP = '0800 4500001d 00004000 40110000 0a000001 0a000002 03e8 0035 0009 0000 78';
  const cases: [string, string][] = [
    [`${ETHERNET}${IPV4_UDP}`, 'UDP 10.0.0.1:1000 > 10.0.0.2:53, 43 bytes'],
    [`${ETHERNET}8100 0064 ${IPV4_UDP}`, 'vlan 100 UDP 10.0.0.1:1000 > 10.0.0.2:53, 47 bytes'],
    [`${ETHERNET}88a8 0007 8100 e064 ${IPV4_UDP}`, 'vlan 7 vlan 100 UDP 10.0.0.1:1000 > 10.0.0.2:53, 51 bytes'],
    // A later fragment has no ports, whatever its first bytes are.
    [`${ETHERNET}${IPV4_UDP.replace('00004000', '00000010')}`, 'UDP 10.0.0.1 > 10.0.0.2, 43 bytes'],
    [`${ETHERNET}0800 45000014 00004000 40010000 0a000001 0a000002`, 'ICMP 10.0.0.1 > 10.0.0.2, 34 bytes'],
    [`${ETHERNET}0800 45000014 00004000 40fd0000 0a000001 0a000002`, 'protocol 253 10.0.0.1 > 10.0.0.2, 34 bytes'],
    [
      `${ETHERNET}86dd 60000000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002 01bb 1f90 ${'00'.repeat(16)}`,
      'TCP [2001:db8::1]:443 > [2001:db8::2]:8080, 74 bytes',
    ],
    [
      `${ETHERNET}0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002`,
      'ARP who has 10.0.0.2? tell 10.0.0.1, 42 bytes',
    ],
    [
      `${ETHERNET}0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002`,
      'ARP 10.0.0.1 is at 02:00:00:00:00:01, 42 bytes',
    ],
    [`${ETHERNET}88cc 0207`, '02:00:00:00:00:01 > 02:00:00:00:00:02 type 0x88cc, 16 bytes'],
    [`${ETHERNET}0800 4500`, '02:00:00:00:00:01 > 02:00:00:00:00:02 type 0x0800, 16 bytes'],
    [`${ETHERNET}8100 00`, '02:00:00:00:00:01 > 02:00:00:00:00:02 truncated, 15 bytes'],
    ['0200', 'short frame, 2 bytes'],
    ['', 'short frame, 0 bytes'],
  ];
  test.each(cases)('%s', (hex, expected) => {
    expect(line(hex)).toBe(expected);
  });

  test('never throws, stays within the frame, and is one line', () => {
    const type = fc.constantFrom([8, 0], [0x86, 0xdd], [8, 6], [0x81, 0], [0x88, 0xa8], [0, 0]);
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.array(type, { minLength: 1, maxLength: 6 }), fc.uint8Array({ maxLength: 60 }))
        .map(([types, rest]) => {
          return Uint8Array.of(...new Array<number>(12).fill(2), ...types.flatMap((pair) => [...pair, 0, 1]), ...rest);
        }),
    );
    fc.assert(
      fc.property(garbage, (frame) => {
        const among = (byte: number) => {
          const bytes = new Uint8Array(frame.length + 128).fill(byte);
          bytes.set(frame, 64);
          return summary(bytes, 64, frame.length);
        };
        const text = summary(frame, 0, frame.length);
        expect(text).toMatch(/^[^\n]+, \d+ bytes$/);
        expect(text).not.toMatch(/undefined|NaN/);
        expect([among(0), among(255)]).toEqual([text, text]);
      }),
      { numRuns: 1000 },
    );
  });
});

test('payloadOffset: behind up to four tags, and not beyond the frame', () => {
  const frame = (tags: number) => of(`${ETHERNET}${'8100 0001'.repeat(tags)} 0800 00`);
  for (let tags = 0; tags <= 4; tags++) expect(payloadOffset(frame(tags), 0, frame(tags).length)).toBe(14 + tags * 4);
  expect(payloadOffset(frame(5), 0, frame(5).length)).toBe(-1);
  for (let length = 0; length < 22; length++) expect(payloadOffset(frame(2), 0, length)).toBe(-1);
  expect(payloadOffset(frame(2), 0, 22)).toBe(22);
});

test('numbers are big-endian and unsigned', () => {
  expect(u16(of('00 ff fe'), 1)).toBe(0xfffe);
  expect(u32(of('ff 80 00 00 01'), 1)).toBe(0x80000001);
});

test('addresses as people write them', () => {
  expect(macText(of('00 02000000abff'), 1)).toBe('02:00:00:00:ab:ff');
  // RFC 5952, sections 4.1 to 4.3 and 5.
  const examples: [string, string][] = [
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db80000000000000000000000ab', '2001:db8::ab'],
  ];
  for (const [hex, text] of examples) expect(ipv6Text(of(hex), 0)).toBe(text);
});
