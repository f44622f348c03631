import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  GENERATOR_OPTIONS,
  optionName,
  parseTraffic,
  planFrames,
  type TrafficDescription,
} from '../../dist/generator/index.js';

const plan = (description: TrafficDescription) => {
  const { frames } = parseTraffic(description, optionName);
  return frames.kind === 'described' ? planFrames(frames.fields) : undefined;
};

test('nothing described: UDP of 64 bytes, as fast as it goes, until stopped', () => {
  const traffic = parseTraffic({});
  expect(traffic).toMatchObject({
    rate: { unit: 'max' },
    count: Number.POSITIVE_INFINITY,
    duration: Number.POSITIVE_INFINITY,
    frames: { kind: 'described', fields: { protocol: 'udp', ipVersion: 4, ttl: 64, seed: 0 } },
  });
  expect(plan({})?.templates.map(({ length }) => length)).toEqual([64]);
});

test('what is described for people and for programs is the same', () => {
  const asText = {
    vlan: ['7', '100@3'],
    sourcePort: '80',
    size: '100',
    count: '1k',
    rate: '10',
    duration: '2s',
    seed: '0x5',
  };
  const asNumbers = { vlan: [7, '100@3'], sourcePort: 80, size: 100, count: 1000, rate: 10, duration: 2, seed: 5 };
  expect(parseTraffic(asText)).toEqual(parseTraffic(asNumbers));
});

test('one address decides the family, and so does a flow label', () => {
  const family = (description: TrafficDescription) => {
    const { frames } = parseTraffic(description);
    return frames.kind === 'described' && frames.fields.ipVersion;
  };
  expect(family({ destination: 'random:2001:db8::/64' })).toBe(6);
  expect(family({ source: '10.0.0.1' })).toBe(4);
  expect(family({ flowLabel: 1 })).toBe(6);
});

test('sizes: as large as asked, as the payload needs, or as the headers need', () => {
  const sizes = (description: TrafficDescription) => plan(description)?.templates.map(({ length }) => length);
  expect(sizes({ payload: 'text:hello' })).toEqual([47]);
  expect(sizes({ payload: 'text:hello', size: 100 })).toEqual([100]);
  expect(sizes({ payload: 'measure', vlan: 1 })).toEqual([14 + 4 + 20 + 8 + 24]);
  expect(sizes({ size: '64:3,128:1' })).toEqual([64, 128]);
});

test('a replay: its file, how often, as captured', () => {
  expect(parseTraffic({ replay: 'a.pcap' })).toMatchObject({
    frames: { kind: 'replayed', file: resolve('a.pcap'), loops: 1 },
    rate: undefined,
  });
  expect(parseTraffic({ replay: '/a.pcap', loop: 0, rate: 'max' })).toMatchObject({
    frames: { file: '/a.pcap', loops: Number.POSITIVE_INFINITY },
    rate: { unit: 'max' },
  });
});

describe('what is refused, and how it is told', () => {
  const cases: [object, string, RegExp | undefined][] = [
    [{ sourcePort: 'x' }, '--source-port: "x" is not a port from 0 to 65535', undefined],
    [{ sourceMac: '1' }, '--source-mac: "1" is not a MAC address', undefined],
    [{ source: '10.0.0.1', destination: '::1' }, '--source: "10.0.0.1" is not an IPv6 address', undefined],
    [{ source: 'host' }, '--source: "host" is not an IPv4 address', undefined],
    [{ protocol: 'sctp' }, '--protocol: "sctp" is none of udp, tcp, icmp, quic', undefined],
    [{ tcpFlags: 'syn' }, '--tcp-flags is not for udp', /--protocol tcp/],
    [
      { protocol: 'tcp', tcpFlags: 'syn,xyz' },
      '--tcp-flags: "xyz" is none of fin, syn, rst, psh, ack, urg, ece, cwr',
      undefined,
    ],
    [{ protocol: 'icmp', destinationPort: 1 }, '--destination-port is not for icmp', /udp or tcp or quic/],
    [{ connectionId: 'ab' }, '--connection-id is not for udp', /--protocol quic/],
    [{ protocol: 'quic', connectionId: 'abc' }, '--connection-id: "abc" is no connection ID', /1 to 20 bytes/],
    [{ protocol: 'quic', quicVersion: 2 }, '--quic-version is not for short headers', /--quic-packet initial/],
    [
      { protocol: 'quic', quicPacket: 'initial', quicVersion: 3 },
      '--quic-version: 3 is no whole number from 1 to 2',
      undefined,
    ],
    [{ identification: 1, source: '::1' }, '--identification is not for IPv6', undefined],
    [{ flowLabel: 1, source: '10.0.0.1' }, '--source: "10.0.0.1" is not an IPv6 address', undefined],
    [{ stream: 1 }, '--stream is not for this payload', /--payload measure/],
    [{ vlan: [1, 2, 3] }, '--vlan: a frame has at most two VLAN tags here', undefined],
    [{ vlan: '1@8' }, '--vlan: "8" is no whole number from 0 to 7', undefined],
    [{ vlan: '4096' }, '--vlan: "4096" is not a VLAN ID from 0 to 4095', undefined],
    [{ dscp: 64 }, '--dscp: 64 is no whole number from 0 to 63', undefined],
    [{ ttl: '-1' }, '--ttl: "-1" is no whole number from 0 to 255', undefined],
    [{ size: 41 }, "a size of 41 bytes doesn't hold the headers", /they need 42 bytes/],
    [{ size: 64, payload: 'measure' }, "a size of 64 bytes doesn't hold the headers and the measuring payload", /66/],
    [{ payload: 'noise' }, '--payload: "noise" is no payload', /measure/],
    [{ rate: 'fast' }, '--rate: "fast" is no rate', /1\.5M/],
    [{ count: 0 }, '--count: 0 is no whole number above 0', undefined],
    [{ duration: 'long' }, '--duration: "long" is no time above 0', undefined],
    [{ loop: 1 }, '--loop is not for described frames', /--replay/],
    [{ replay: 'x', size: 64 }, '--size is not for a replay', /as they are/],
    [{ replay: 'x', loop: -1 }, '--loop: -1 is no whole number from 0 to 4294967295', undefined],
    [{ colour: 'red' }, 'there is no --colour', /--source-mac/],
    [
      { source: '2001:db8::-2001:db8:ffff::+1208925819614629174706177' },
      'the values differ in more than five bytes',
      /fewer values/,
    ],
  ];
  test.each(cases)('%j', (description, message, advice) => {
    expect(() => plan(description as TrafficDescription)).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_USAGE', message }),
    );
    if (advice === undefined) return;
    expect(() => plan(description as TrafficDescription)).toThrow(
      expect.objectContaining({ advice: expect.stringMatching(advice) }),
    );
  });

  test('an object has its properties named', () => {
    expect(() => parseTraffic({ sourcePort: 'x' })).toThrow(/^sourcePort: /);
  });
});

test('options are named after their properties, each once', () => {
  const names = GENERATOR_OPTIONS.map(({ key }) => optionName(key));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('--source-connection-id');
  for (const name of names) expect(name).toMatch(/^--[a-z]+(-[a-z]+)*$/);
});
