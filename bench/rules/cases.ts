import { u32 } from 'xdpkit/kernel';
import type { LoadedObject } from 'xdpkit/object';
import type { RuleSet } from 'xdpkit/rules';

export interface Case {
  /** Of the C file, too. */
  readonly name: string;
  readonly ruleSet: RuleSet;
  /** Described; it meets the rule. */
  readonly packet: string;
  /** Puts what the rules have into the maps of the C program. */
  fill(object: LoadedObject): void;
}

const PORTS = Array.from({ length: 1000 }, (_, i) => (i * 61 + 42) % 65_536);
const PREFIXES = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
const ONE = Uint8Array.of(1);

export const CASES: readonly Case[] = [
  {
    name: 'port',
    ruleSet: { rules: [{ match: { type: 'udp-dst', port: 42 }, action: 'drop' }] },
    packet: 'udp 10.0.0.1:5000 > 10.0.0.2:42',
    fill: () => {},
  },
  {
    name: 'ports',
    ruleSet: { rules: [{ match: { type: 'udp-port-set', ports: PORTS }, action: 'drop' }] },
    packet: `udp 10.0.0.1:5000 > 10.0.0.2:${PORTS[500]}`,
    fill: (object) => {
      const map = object.maps.get('ports')!;
      for (const port of PORTS) map.update(Uint8Array.of(port >> 8, port & 255), ONE);
    },
  },
  {
    name: 'prefixes',
    ruleSet: { rules: [{ match: { type: 'src-prefix', prefix: PREFIXES }, action: 'drop' }] },
    packet: 'udp 10.7.7.1:5000 > 10.0.0.2:42',
    fill: (object) => {
      const map = object.maps.get('prefixes')!;
      for (let i = 0; i < PREFIXES.length; i++) map.update(Uint8Array.of(...u32(24), 10, i >> 8, i & 255, 0), ONE);
    },
  },
];
