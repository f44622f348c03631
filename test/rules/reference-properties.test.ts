import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateRules, explainRules, type Match, type TypedMatch, validateRules } from '../../dist/rules/index.js';
import { decodeFrame, encodeFrame, type Frame } from '../../dist/wire/index.js';
import { anyFrame, damagedFrame } from '../wire/arbitrary-frame.js';
import { match, ruleSets } from './model-arbitrary.js';

const isTrue = (one: Match, bytes: Uint8Array) =>
  evaluateRules({ rules: [{ match: one, action: 'drop' }] }, bytes).verdict === 'drop';

/** Matches that are true of a whole frame, from what it was built of. */
function truths({ ethernet, vlan = [], network, transport }: Frame, length: number): TypedMatch[] {
  const found: TypedMatch[] = [
    { type: 'src-mac', mac: ethernet.source },
    { type: 'dst-mac', mac: ethernet.destination },
    { type: 'length', value: length },
  ];
  if (vlan[0] !== undefined) found.push({ type: 'vlan', id: vlan[0].id });
  if (vlan[1] !== undefined) found.push({ type: 'vlan', tag: 'inner', id: vlan[1].id });
  if (vlan.length > 2 || network === undefined || network.kind === 'arp') return found;
  const [version, bits, mask] =
    network.kind === 'ipv4' ? ([4, 32, '255.255.255.255'] as const) : ([6, 128, `${'ffff:'.repeat(7)}ffff`] as const);
  const { source: src, destination: dst } = network;
  found.push(
    { type: 'ether-type', value: version === 4 ? 0x800 : 0x86dd },
    { type: 'src-prefix', prefix: `${src}/${bits}` },
    { type: 'dst-prefix', prefix: ['255.255.255.255/32', `${dst}/${bits}`] },
    { type: `ipv${version}-dst-mask`, address: dst, mask } as TypedMatch,
    { type: 'dscp', value: network.dscp ?? 0 },
    { type: 'ttl', value: (network.kind === 'ipv4' ? network.ttl : network.hopLimit) ?? 64 },
  );
  if (transport === undefined) return found;
  const protocol = { udp: 17, tcp: 6, icmp: version === 4 ? 1 : 58 }[transport.kind];
  found.push({ type: 'ip-protocol', protocol }, { type: 'ip-next-header', protocol });
  if (transport.kind === 'icmp') {
    found.push({ type: `icmpv${version}`, icmpType: transport.type, code: transport.code ?? 0 } as TypedMatch);
    return found;
  }
  const { sourcePort, destinationPort, kind } = transport;
  found.push(
    { type: `${kind}-dst`, port: destinationPort } as TypedMatch,
    { type: 'port', protocol: kind, side: 'src', ports: sourcePort },
    { type: `ipv${version}-${kind}-port-set`, address: dst, ports: [destinationPort] } as TypedMatch,
  );
  if (kind === 'udp')
    found.push({
      type: `ipv${version}-udp-tuple`,
      src,
      dst,
      srcPort: sourcePort,
      dstPort: destinationPort,
    } as TypedMatch);
  return found;
}

test('what a frame was built of is found in it', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const bytes = encodeFrame(frame);
      for (const one of truths(frame, bytes.length)) {
        expect(
          isTrue(validateRules({ rules: [{ match: one, action: 'drop' }] }).rules[0]!.match, bytes),
          one.type,
        ).toBe(true);
      }
    }),
  );
});

test('what is found in damaged frames is what they are taken apart into', () => {
  fc.assert(
    fc.property(damagedFrame, (damage) => {
      const bytes = damage(encodeFrame);
      const frame = decodeFrame(bytes);
      // The other reader believes lengths and checks more headers; where it finds ports, they are there.
      const transport = frame?.vlan !== undefined && frame.vlan.length > 2 ? undefined : frame?.transport;
      if (transport?.kind !== 'udp' && transport?.kind !== 'tcp') return;
      expect(
        isTrue({ type: 'port', protocol: transport.kind, side: 'dst', ports: transport.destinationPort }, bytes),
      ).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('no frame, however it is damaged, is too much; a rule that does not match has a reason', () => {
  fc.assert(
    fc.property(ruleSets(), damagedFrame, (rules, damage) => {
      const bytes = damage(encodeFrame);
      const { rule, steps, counts, frame } = explainRules(rules, bytes);
      expect(frame).toHaveLength(bytes.length);
      expect(steps).toHaveLength(rule ?? rules.rules.length);
      for (const step of steps) {
        const isCounted = counts.some((count) => count.rule === step.rule);
        expect(step.reason.startsWith('matched')).toBe(isCounted);
        expect(step.reason).not.toMatch(/undefined|NaN|another packet|is , not/);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a match is true or its opposite is; de Morgan holds', () => {
  fc.assert(
    fc.property(match, match, damagedFrame, (a, b, damage) => {
      const bytes = damage(encodeFrame);
      expect(isTrue({ not: a }, bytes)).toBe(!isTrue(a, bytes));
      const both = isTrue({ all: [a, b] }, bytes);
      expect(both).toBe(isTrue(a, bytes) && isTrue(b, bytes));
      expect(isTrue({ not: { any: [{ not: a }, { not: b }] } }, bytes)).toBe(both);
    }),
    { numRuns: 1000 },
  );
});
