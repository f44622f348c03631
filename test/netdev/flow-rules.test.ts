// needs: ip, ethtool, gcc
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeFlowSpec, encodeFlowSpec } from '../../dist/netdev/flow-spec.js';
import {
  addFlowRule,
  createLab,
  type FlowMatch,
  type FlowRule,
  type FlowType,
  type Lab,
  listFlowRules,
  removeFlowRule,
} from '../../dist/netdev/index.js';
import { Errno, useBackend } from '../../dist/sys/index.js';
import { patient } from '../patience.js';
import { EthtoolWithRules } from './ethtool-with-rules.js';
import { type NtupleDriver, ntupleDriver } from './ntuple-driver.js';
import { failOnLeaks, run } from './oracle.js';

failOnLeaks();
let lab: Lab;
let netns: string;

beforeAll(() => {
  lab = createLab('flow');
  netns = lab.namespace('host');
  lab.veth({ name: 'n0', netns, peer: { name: 'n1', netns } });
  run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
  run(`ip -n ${netns} link add br0 type bridge`);
});
afterAll(() => lab.close());

test.each(['n0', 'tap0', 'br0', 'lo'])('%s has none, and says so', (name) => {
  expect(() => run(`ethtool -n ${name}`, netns)).toThrow('Operation not supported');
  const rule: FlowRule = { type: 'udp4', match: { destinationPort: 4433 }, action: { queue: 0 } };
  for (const attempt of [
    () => listFlowRules(name, { netns }),
    () => addFlowRule(name, rule, { netns }),
    () => removeFlowRule(name, 0, { netns }),
  ]) {
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'XDP_ERR_PLATFORM',
        exitCode: 4,
        errnoName: 'EOPNOTSUPP',
        message: expect.stringContaining('flow steering rules'),
      }),
    );
  }
});

describe('the bytes of a rule', () => {
  /** Rules, and how C sets them with the kernel's header (network order by htons and inet_pton). */
  const cases: readonly (readonly [FlowRule, string])[] = [
    [
      { type: 'udp4', match: { destinationIp: '192.0.2.1', destinationPort: 4433 }, action: { queue: 3 } },
      `f.flow_type = UDP_V4_FLOW; ip4(&f.h_u.udp_ip4_spec.ip4dst, "192.0.2.1"); f.m_u.udp_ip4_spec.ip4dst = ~0u;
       f.h_u.udp_ip4_spec.pdst = htons(4433); f.m_u.udp_ip4_spec.pdst = 0xffff; f.ring_cookie = 3;`,
    ],
    [
      {
        type: 'tcp4',
        match: {
          sourceIp: '10.0.0.0/8',
          sourcePort: { value: 0x1200, mask: 0xff00 },
          trafficClass: 0x2e,
          destinationMac: '02:00:00:00:00:01',
        },
        action: 'drop',
      },
      `f.flow_type = TCP_V4_FLOW | FLOW_MAC_EXT; ip4(&f.h_u.tcp_ip4_spec.ip4src, "10.0.0.0");
       ip4(&f.m_u.tcp_ip4_spec.ip4src, "255.0.0.0"); f.h_u.tcp_ip4_spec.psrc = htons(0x1200);
       f.m_u.tcp_ip4_spec.psrc = htons(0xff00); f.h_u.tcp_ip4_spec.tos = 0x2e; f.m_u.tcp_ip4_spec.tos = 0xff;
       memcpy(f.h_ext.h_dest, "\\x02\\0\\0\\0\\0\\x01", 6); memset(f.m_ext.h_dest, 0xff, 6);
       f.ring_cookie = RX_CLS_FLOW_DISC;`,
    ],
    [
      { type: 'sctp4', match: { destinationPort: 1 }, action: { queue: 1, virtualFunction: 2 } },
      `f.flow_type = SCTP_V4_FLOW; f.h_u.sctp_ip4_spec.pdst = htons(1); f.m_u.sctp_ip4_spec.pdst = 0xffff;
       f.ring_cookie = 1 | (3ull << ETHTOOL_RX_FLOW_SPEC_RING_VF_OFF);`,
    ],
    [
      { type: 'ip4', match: { protocol: 47 }, action: { queue: 0 } },
      `f.flow_type = IP_USER_FLOW; f.h_u.usr_ip4_spec.ip_ver = ETH_RX_NFC_IP4; f.h_u.usr_ip4_spec.proto = 47;
       f.m_u.usr_ip4_spec.proto = 0xff;`,
    ],
    [
      {
        type: 'udp6',
        match: { sourceIp: '2001:db8::/32', destinationIp: '2001:db8::1', destinationPort: 443, trafficClass: 8 },
        action: { queue: 7 },
      },
      `f.flow_type = UDP_V6_FLOW; ip6(f.h_u.udp_ip6_spec.ip6src, "2001:db8::"); ip6(f.m_u.udp_ip6_spec.ip6src, "ffff:ffff::");
       ip6(f.h_u.udp_ip6_spec.ip6dst, "2001:db8::1"); memset(f.m_u.udp_ip6_spec.ip6dst, 0xff, 16);
       f.h_u.udp_ip6_spec.pdst = htons(443); f.m_u.udp_ip6_spec.pdst = 0xffff;
       f.h_u.udp_ip6_spec.tclass = 8; f.m_u.udp_ip6_spec.tclass = 0xff; f.ring_cookie = 7;`,
    ],
    [
      { type: 'tcp6', match: { sourcePort: 80 }, action: { queue: 1 } },
      `f.flow_type = TCP_V6_FLOW; f.h_u.tcp_ip6_spec.psrc = htons(80); f.m_u.tcp_ip6_spec.psrc = 0xffff; f.ring_cookie = 1;`,
    ],
    [
      { type: 'ip6', match: { protocol: 58 }, action: { queue: 1 } },
      `f.flow_type = IPV6_USER_FLOW; f.h_u.usr_ip6_spec.l4_proto = 58; f.m_u.usr_ip6_spec.l4_proto = 0xff; f.ring_cookie = 1;`,
    ],
    [
      {
        type: 'ether',
        match: { sourceMac: '02:00:00:00:00:aa', etherType: 0x88f7, vlanTci: { value: 42, mask: 0xfff } },
        action: { queue: 2 },
      },
      `f.flow_type = ETHER_FLOW | FLOW_EXT; memcpy(f.h_u.ether_spec.h_source, "\\x02\\0\\0\\0\\0\\xaa", 6);
       memset(f.m_u.ether_spec.h_source, 0xff, 6); f.h_u.ether_spec.h_proto = htons(0x88f7);
       f.m_u.ether_spec.h_proto = 0xffff; f.h_ext.vlan_tci = htons(42); f.m_ext.vlan_tci = htons(0xfff);
       f.ring_cookie = 2;`,
    ],
  ];

  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'xdpkit-flow-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('are those that C makes of the kernel header', () => {
    const source = `#include <stddef.h>
      #include <stdio.h>
      #include <string.h>
      #include <arpa/inet.h>
      #include <linux/ethtool.h>
      static void ip4(void *to, const char *text) { inet_pton(AF_INET, text, to); }
      static void ip6(void *to, const char *text) { inet_pton(AF_INET6, text, to); }
      int main(void) {
        printf("%zu %zu %zu %zu\\n", sizeof(struct ethtool_rxnfc), offsetof(struct ethtool_rxnfc, fs),
               offsetof(struct ethtool_rxnfc, rule_cnt), offsetof(struct ethtool_rxnfc, rule_locs));
        ${cases
          .map(
            ([, body]) => `{ struct ethtool_rx_flow_spec f = {0}; f.location = 5; ${body}
              for (size_t i = 0; i < sizeof f; i++) printf("%02x", ((unsigned char *)&f)[i]); puts(""); }`,
          )
          .join('\n')}
        return 0;
      }`;
    writeFileSync(join(directory, 'rules.c'), source);
    execFileSync('gcc', ['-o', join(directory, 'rules'), join(directory, 'rules.c')], { timeout: patient(20_000) });
    const [sizes, ...specs] = execFileSync(join(directory, 'rules'), { encoding: 'utf8' }).trim().split('\n');
    // As src/netdev/flow-rules.ts lays them out.
    expect(sizes).toBe('192 16 184 188');
    expect(cases.map(([rule]) => Buffer.from(encodeFlowSpec(rule, 5)).toString('hex'))).toEqual(specs);
  });

  test.each(cases.map(([rule]) => rule))('and are read back: %j', (rule) => {
    expect(decodeFlowSpec(encodeFlowSpec(rule, 5))).toEqual({ ...rule, location: 5 });
  });

  test('any rule is read back as the one it is', () => {
    const port = fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.record({ value: fc.integer({ min: 0, max: 0xffff }), mask: fc.integer({ min: 1, max: 0xffff }) }),
    );
    const ip = (family: 4 | 6) => {
      const address = family === 4 ? fc.ipV4() : fc.ipV6();
      return fc.oneof(
        address,
        fc.tuple(address, fc.integer({ min: 1, max: family * 8 })).map(([text, length]) => `${text}/${length}`),
      );
    };
    const rule = fc.constantFrom<FlowType>('tcp4', 'udp4', 'sctp4', 'tcp6', 'udp6', 'sctp6').chain((type) =>
      fc.record({
        type: fc.constant(type),
        match: fc.record(
          {
            sourceIp: ip(type.endsWith('4') ? 4 : 6),
            destinationIp: ip(type.endsWith('4') ? 4 : 6),
            sourcePort: port,
            destinationPort: port,
            vlanTci: port,
          },
          { requiredKeys: [] },
        ),
        action: fc.oneof(fc.constant('drop' as const), fc.record({ queue: fc.integer({ min: 0, max: 255 }) })),
      }),
    );
    fc.assert(
      fc.property(rule, fc.nat(100), (one, location) => {
        const bytes = encodeFlowSpec(one as FlowRule, location);
        const read = decodeFlowSpec(bytes);
        // The same bytes again: spelling may differ (a prefix of full length, bits that no mask lets through).
        expect(encodeFlowSpec(read!, location)).toEqual(bytes);
        expect(read).toMatchObject({ type: one.type, action: one.action, location });
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, FlowType, FlowMatch | object]>([
    ['a port of what has none', 'ip4', { sourcePort: 1 }],
    ['an IPv6 address in an IPv4 rule', 'udp4', { sourceIp: '2001:db8::1' }],
    ['no address', 'udp4', { sourceIp: '10.0.0' }],
    ['a port too large', 'udp4', { sourcePort: 65_536 }],
    ['a MAC where there is none', 'udp4', { sourceMac: '02:00:00:00:00:01' }],
    ['a word nobody knows', 'udp4', { colour: 1 }],
    ['a kind nobody knows', 'quic' as FlowType, {}],
  ])('what can not be matched is refused: %s', (_, type, match) => {
    expect(() => encodeFlowSpec({ type, match: match as FlowMatch, action: 'drop' }, 0)).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_USAGE' }),
    );
  });
});

/** As `ethtool -N` is told a rule, where a mask (`m`) has the bits that don't matter, and what `ethtool -n` says of it. */
const inEthtoolsWords: readonly (readonly [FlowRule, string, RegExp[]])[] = [
  [
    { type: 'udp4', match: { destinationIp: '192.0.2.1', destinationPort: 4433 }, action: { queue: 3 }, location: 0 },
    'flow-type udp4 dst-ip 192.0.2.1 dst-port 4433 action 3 loc 0',
    [/Rule Type: UDP over IPv4/, /Dest IP addr: 192.0.2.1 mask: 0.0.0.0/, /Dest port: 4433 mask: 0x0\b/, /to queue 3/],
  ],
  [
    {
      type: 'tcp4',
      match: { sourceIp: '10.0.0.0/8', sourcePort: { value: 0x1200, mask: 0xff00 }, trafficClass: 46 },
      action: 'drop',
      location: 1,
    },
    'flow-type tcp4 src-ip 10.0.0.0 m 0.255.255.255 src-port 0x1200 m 0xff tos 46 action -1 loc 1',
    [
      /Src IP addr: 10.0.0.0 mask: 0.255.255.255/,
      /Src port: 4608 mask: 0xff\b/,
      /TOS: 0x2e mask: 0x0\b/,
      /Action: Drop/,
    ],
  ],
  [
    { type: 'ip4', match: { protocol: 47 }, action: { queue: 0 }, location: 2 },
    'flow-type ip4 l4proto 47 action 0 loc 2',
    [/Rule Type: Raw IPv4/, /Protocol: 47 mask: 0x0\b/],
  ],
  [
    {
      type: 'udp6',
      match: { sourceIp: '2001:db8::/32', destinationIp: '2001:db8::1', destinationPort: 443 },
      action: { queue: 7 },
      location: 3,
    },
    'flow-type udp6 src-ip 2001:db8:: m ::ffff:ffff:ffff:ffff:ffff:ffff dst-ip 2001:db8::1 dst-port 443 action 7 loc 3',
    [/Rule Type: UDP over IPv6/, /Dest IP addr: 2001:db8::1 mask: ::/, /Dest port: 443/],
  ],
  [
    {
      type: 'ether',
      match: {
        sourceMac: '02:00:00:00:00:aa',
        etherType: 0x88f7,
        vlanTci: { value: 42, mask: 0xfff },
      },
      action: { queue: 2 },
      location: 4,
    },
    'flow-type ether src 02:00:00:00:00:aa proto 0x88f7 vlan 42 m 0xf000 action 2 loc 4',
    [
      /Flow Type: Raw Ethernet/,
      /Src MAC addr: 02:00:00:00:00:AA/,
      /Ethertype: 0x88F7 mask: 0x0\b/,
      /VLAN: 0x2a mask: 0xf000/,
    ],
  ],
  [
    {
      type: 'tcp4',
      match: { destinationMac: '02:00:00:00:00:01' },
      action: { queue: 1, virtualFunction: 2 },
      location: 5,
    },
    'flow-type tcp4 dst-mac 02:00:00:00:00:01 vf 2 queue 1 loc 5',
    [/Dest MAC addr: 02:00:00:00:00:01/, /VF 2 queue 1/],
  ],
];

describe('with ethtool, and a driver of ours below it', () => {
  let below: EthtoolWithRules;
  beforeAll(() => {
    below = new EthtoolWithRules();
  });
  afterAll(() => below.close());
  afterEach(() => useBackend(undefined));

  test('what it writes is read', () => {
    for (const [, words] of inEthtoolsWords) below.run(`-N n0 ${words}`, netns);
    ntupleDriver().rules = below.rules;
    expect(listFlowRules('n0', { netns })).toEqual(inEthtoolsWords.map(([rule]) => rule));
  });

  test('what is written it reads', () => {
    const driver = ntupleDriver();
    for (const [rule] of inEthtoolsWords) addFlowRule('n0', rule, { netns });
    below.rules = driver.rules;
    for (const [{ location }, , lines] of inEthtoolsWords) {
      const text = below.run(`-n n0 rule ${location}`, netns);
      for (const line of lines) expect(text).toMatch(line);
    }
    expect(below.run('-n n0', netns)).toContain(`Total ${inEthtoolsWords.length} rules`);
  });
});

describe('with a driver that has them', () => {
  let driver: NtupleDriver;
  beforeEach(() => {
    driver = ntupleDriver({ size: 4 });
  });
  afterEach(() => useBackend(undefined));
  const udp = (destinationPort: number): FlowRule => ({
    type: 'udp4',
    match: { destinationPort },
    action: { queue: 1 },
  });

  test('rules are added from the end, listed, and removed', () => {
    expect(listFlowRules('n0', { netns })).toEqual([]);
    expect(addFlowRule('n0', udp(1), { netns })).toBe(3);
    expect(addFlowRule('n0', { ...udp(2), location: 2 }, { netns })).toBe(2);
    expect(addFlowRule('n0', udp(3), { netns })).toBe(1);
    expect(listFlowRules('n0', { netns })).toEqual([
      { ...udp(3), location: 1 },
      { ...udp(2), location: 2 },
      { ...udp(1), location: 3 },
    ]);
    removeFlowRule('n0', 2, { netns });
    expect(listFlowRules('n0', { netns }).map(({ location }) => location)).toEqual([1, 3]);
    expect(() => removeFlowRule('n0', 2, { netns })).toThrow(
      expect.objectContaining({
        code: 'XDP_ERR_SYSTEM',
        errnoName: 'ENOENT',
        message: expect.stringContaining('of n0'),
      }),
    );
  });

  test('there is room for so many', () => {
    for (const port of [1, 2, 3, 4]) addFlowRule('n0', udp(port), { netns });
    expect(() => addFlowRule('n0', udp(5), { netns })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_SYSTEM', errnoName: 'ENOSPC' }),
    );
  });

  test('a driver that finds the place itself', () => {
    driver = ntupleDriver({ special: true });
    expect(addFlowRule('n0', udp(1), { netns })).toBe(0);
    expect(addFlowRule('n0', udp(2), { netns })).toBe(1);
  });

  test('what the driver refuses, and what needs a privilege', () => {
    driver.failing = new Map([[0x32, Errno.EINVAL]]);
    expect(() => addFlowRule('n0', udp(1), { netns })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_SYSTEM', errnoName: 'EINVAL', message: expect.stringContaining('n0') }),
    );
    driver.failing = new Map([[0x32, Errno.EPERM]]);
    expect(() => addFlowRule('n0', udp(1), { netns })).toThrow(expect.objectContaining({ code: 'XDP_ERR_PERMISSION' }));
  });

  test('a rule that has no words here is left out', () => {
    const woken = encodeFlowSpec(udp(1), 0);
    new DataView(woken.buffer).setBigUint64(152, 0xffff_ffff_ffff_fffen, true);
    driver.rules.set(0, woken);
    addFlowRule('n0', udp(2), { netns });
    expect(listFlowRules('n0', { netns })).toEqual([{ ...udp(2), location: 3 }]);
  });
});
