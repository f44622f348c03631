// needs: ip
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Generator } from '../../dist/generator/index.js';
import { getLink } from '../../dist/netdev/index.js';
import { type InstalledRules, installRules } from '../../dist/policy/index.js';
import type { RuleSet } from '../../dist/rules/index.js';
import { runInNamespace } from '../../dist/sys/index.js';
import { failOnLeaks, ip } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { RulesBed } from './rules-bed.js';

failOnLeaks();

const LONG = process.env['XDPKIT_LONG'] === '1';
const TIMES = LONG ? 1000 : 50;
/** Replacements by one thread: starting threads would take most of the time. */
const BATCH = 24;
const PORT = 9000;

/** Each packet is counted by `all` and by one of the others: `dropped` has it dropped, `passed` passed to the host. */
function ruleSet(verdict: 'drop' | 'pass'): RuleSet {
  const port = (is: boolean) => ({ type: 'udp-dst' as const, port: is ? PORT : 1 });
  return {
    rules: [
      { name: 'all', match: { type: 'udp-dst', port: PORT }, action: 'count' },
      { name: 'dropped', match: port(verdict === 'drop'), action: 'drop' },
      { name: 'passed', match: port(verdict === 'pass'), action: 'pass' },
    ],
  };
}

let bed: RulesBed;
beforeEach(() => {
  bed = new RulesBed();
});
afterEach(() => bed[Symbol.dispose]());

/** Packets that the driver has handed to a program or, without one, to the host. */
const received = (): number => ip('-s link show port0', bed.box)[0].stats64.rx.packets;

const onBox = <T>(name: string, ...args: readonly unknown[]): Promise<T> =>
  runInNamespace<T>({ netns: bed.box, module: new URL('./on-box.mjs', import.meta.url), name, args });

/** Packets that came to the host's IP. */
const inHost = (): Promise<number> => onBox('inReceives');

const countsOf = (rules: InstalledRules) =>
  Object.fromEntries(rules.statistics().map(({ name, packets }) => [name, packets])) as Record<string, number>;

test(
  `replacing rules ${TIMES} times under full load, each packet gets the old or the new verdict`,
  async () => {
    using rules = await installRules('port0', ruleSet('drop'), { netns: bed.box });
    const before = { received: received(), host: await inHost() };
    const { mac } = getLink('port0', { netns: bed.box });
    const generator = await Generator.open({
      interface: 'eth0',
      netns: bed.host,
      engine: 'live',
      // To nobody on the box: it answers nothing.
      traffic: { destinationMac: mac, destination: '10.9.0.77', destinationPort: PORT },
    });
    const samples: number[] = [];
    try {
      generator.start();
      for (let done = 0; done < TIMES; done += BATCH + 1) {
        await rules.replace(ruleSet('drop'));
        samples.push(countsOf(rules)['all']!);
        await onBox('replaceOften', 'port0', [ruleSet('pass'), ruleSet('drop')], BATCH);
        samples.push(countsOf(rules)['all']!);
      }
    } finally {
      generator.stop();
      await generator.close();
    }
    await sleep(100);
    const counts = countsOf(rules);
    const [arrived, host] = [received() - before.received, (await inHost()) - before.host];
    console.info(`${TIMES} replacements: ${JSON.stringify({ arrived, host, counts })}`);
    // None lost: each packet that the driver had was counted, by the rules that were there before as well as by those there now.
    expect(counts['all']).toBe(arrived);
    // None a third: either dropped, and not seen by the host, or passed, and seen.
    expect(counts['dropped']! + counts['passed']!).toBe(arrived);
    expect(host).toBe(counts['passed']);
    expect(counts['dropped']).toBeGreaterThan(1000);
    expect(counts['passed']).toBeGreaterThan(1000);
    // After a replacement no count is behind that of an earlier one.
    expect(samples).toEqual([...samples].sort((a, b) => a - b));
  },
  patient(LONG ? 1_800_000 : 60_000),
);
