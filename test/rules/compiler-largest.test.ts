import { expect, test } from 'vitest';
import { type Action, compileRules, type Match, RULE_LIMITS } from '../../dist/rules/index.js';
import { LoadedRules } from './loading-kernel.js';
import { Random } from './random.js';

const list = (length: number, make: () => string | number) => Array.from({ length }, make) as number[];
const cid = '0102030405060708';

/** The nth condition of a kind, and how many of them a rule may have so that the largest set loads: 16 at most. */
const KINDS: Record<string, [number, (n: number, random: Random) => Match]> = {
  ports: [16, (n) => ({ type: 'udp-dst', port: n })],
  lengths: [16, (n) => ({ type: 'length', value: n })],
  frames: [16, (n) => ({ type: 'bytes', offset: n % 9000, value: cid })],
  payloads: [16, (n) => ({ type: 'bytes', from: 'payload', offset: n % 9000, value: cid })],
  'port sets': [16, (_, random) => ({ type: 'port', ports: list(20, () => random.below(65536)) })],
  prefixes: [
    16,
    (_, r) => ({ type: 'src-prefix', prefix: list(20, () => `10.${r.below(256)}.${r.below(256)}.1`) as never }),
  ],
  tags: [16, (n) => ({ type: 'vlan', tag: 'inner', id: n % 4096 })],
  'connection IDs': [8, (n) => ({ type: 'tcp-quic-flow-src-cid', port: n, cid })],
  'inner headers': [
    8,
    (n) => ({ type: 'inner-ipv4-dst-mask-udp', address: `10.0.${n >> 8}.${n & 255}`, mask: '255.255.255.255' }),
  ],
};

const ACTIONS: readonly Action[] = ['count', 'drop', 'drop'];
const tried = process.env['XDPKIT_LONG'] ? Object.keys(KINDS) : ['ports', 'lengths'];

test.each(tried)(`${RULE_LIMITS.rules} rules with many conditions each load: %s`, { timeout: 300_000 }, (kind) => {
  const [most, make] = KINDS[kind]!;
  const random = new Random(7);
  const rules = Array.from({ length: RULE_LIMITS.rules }, (_, rule) => ({
    match: { any: Array.from({ length: most }, (_, i) => make(rule * most + i, random)) },
    action: ACTIONS[rule % 3]!,
  }));
  using loaded = new LoadedRules(compileRules({ rules }));
  expect(loaded.program.info.verifiedInstructions).toBeLessThan(1_000_000);
});

test.each([undefined, {}])(`${RULE_LIMITS.rules} rules with limits load: %j`, { timeout: 300_000 }, (perSource) => {
  const limit = { packets: 10, over: 'count', ...(perSource ? { perSource } : {}) } as const;
  const rules = Array.from({ length: process.env['XDPKIT_LONG'] ? RULE_LIMITS.rules : 100 }, (_, n) => ({
    match: { type: 'length', value: n } as const,
    action: { limit },
  }));
  using loaded = new LoadedRules(compileRules({ rules }));
  expect(loaded.program.info.verifiedInstructions).toBeLessThan(1_000_000);
});
