import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import { compileRuleSet, expressionConditions, readRules } from '../../dist/rules/index.js';
import { describedFrame } from '../../dist/wire/index.js';
import { LoadedRules } from './loading-kernel.js';

const text = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);

/** What the kernel makes of packets, where every queue has a socket. */
function verdicts(yaml: string, packets: readonly string[]): number[] {
  const compiled = compileRuleSet(readRules(yaml, { file: 'docs/rules.md', expression: expressionConditions }));
  using rules = new LoadedRules(compiled, { sockets: true });
  return packets.map((packet) => rules.run(describedFrame(packet)).action);
}

test('the first example drops all packets with a UDP header and destination port 42', () => {
  const { drop, pass } = XdpAction;
  const packets = {
    'udp 10.0.0.1:5000 > 10.0.0.2:42': drop,
    'udp [2001:db8::1]:5000 > [2001:db8::2]:42': drop,
    'vlan 7 udp 10.0.0.1:5000 > 10.0.0.2:42': drop,
    'udp 10.0.0.1:42 > 10.0.0.2:5000': pass,
    'tcp 10.0.0.1:5000 > 10.0.0.2:42': pass,
    'icmp 10.0.0.1 > 10.0.0.2': pass,
  };
  expect(verdicts(examples[0]!, Object.keys(packets))).toEqual(Object.values(packets));
});

test('the second example redirects all packets with a destination port to an AF_XDP socket', () => {
  const { redirect, pass } = XdpAction;
  const packets = {
    'udp 10.0.0.1:5000 > 10.0.0.2:4433': redirect,
    'tcp 10.0.0.1:5000 > 10.0.0.2:4433': redirect,
    'tcp [2001:db8::1]:5000 > [2001:db8::2]:4433': redirect,
    'udp 10.0.0.1:4433 > 10.0.0.2:5000': pass,
    'icmp 10.0.0.1 > 10.0.0.2': pass,
  };
  expect(verdicts(examples[1]!, Object.keys(packets))).toEqual(Object.values(packets));
});
