import { Command } from 'commander';
import {
  type Explanation,
  explainRules,
  explanationText,
  expressionTest,
  LimitState,
  type RuleSet,
} from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { summary } from '../wire/index.js';
import { printJson } from './output.js';
import { type GivenPacket, packetsOf } from './packet-arguments.js';
import { openRuleFile, rulesOf } from './rule-file.js';

interface Flags {
  readonly only?: string;
  readonly json?: true;
}

export function rulesExplainCommand(): Command {
  return new Command('explain')
    .summary('say which rule decides about a packet, and why')
    .description(
      'Say what becomes of packets: the rule that decides, and for each rule before it the first condition that failed. Of ' +
        'a capture each packet has one line. Limits see the packets at the times of the capture; without any, all at once.',
    )
    .argument('<file>', 'YAML or JSON; - is standard input')
    .argument('<packet...>', 'a pcap or pcapng file, hexadecimal digits of a frame, or a description')
    .option('--only <rule>', 'show just what this rule matched, by number or name; none: what no rule decided')
    .option('--json', 'print a line of JSON for each packet')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, packets: readonly string[], flags: Flags) => explain(path, packets, flags));
}

const EXAMPLES = `
Examples:
  xdpkit rules explain edge.yaml 'udp 10.0.0.1:5000 > 10.0.0.2:443'
  xdpkit rules explain edge.yaml 'vlan 7 tcp [2001:db8::1]:80 > [2001:db8::2]:5000 flags syn' ffffffffffff0200000000010806
  xdpkit rules explain edge.yaml capture.pcapng --only no-42

It needs no privileges. Exit codes: 0 explained, 1 a capture is damaged, 2 usage, or the rules are not valid.`;

async function explain(path: string, packets: readonly string[], { only, json }: Flags): Promise<void> {
  const ruleSet = rulesOf(openRuleFile(path));
  const isWanted = only === undefined ? () => true : filterOf(ruleSet, only);
  const options = { limits: new LimitState(), expression: expressionTest() };
  for (const argument of packets) {
    for await (const packet of packetsOf(argument)) {
      const explanation = explainRules(ruleSet, packet.bytes, { ...options, now: packet.time ?? 0n });
      if (!isWanted(explanation)) continue;
      if (json) printJson('packet', described(packet, explanation));
      else process.stdout.write(`${textOf(packet, explanation)}\n`);
    }
  }
}

/** @throws XDP_ERR_USAGE when there is no such rule */
function filterOf({ rules }: RuleSet, wanted: string): (explanation: Explanation) => boolean {
  const byName = rules.findIndex(({ name }) => name === wanted);
  if (byName < 0 && wanted === 'none') return ({ rule }) => rule === undefined;
  const index = byName >= 0 ? byName : /^\d+$/.test(wanted) ? Number(wanted) - 1 : -1;
  if (rules[index] === undefined) {
    throw new XdpError('XDP_ERR_USAGE', `--only ${wanted}: there is no such rule`, {
      advice: `rules are named, or numbered from 1 to ${rules.length}`,
    });
  }
  return ({ counts }) => counts.some(({ rule }) => rule === index);
}

const summaryOf = ({ bytes }: GivenPacket): string => summary(bytes, 0, bytes.length);

function textOf(packet: GivenPacket, explanation: Explanation): string {
  if (packet.number === undefined) return explanationText(explanation);
  return `${packet.number}: ${explanation.summary}: ${summaryOf(packet)}`;
}

/** Rules are counted from 1, as in what people read. */
function described(packet: GivenPacket, { rule, verdict, frame, counts, steps, summary: text }: Explanation): object {
  const { file, number } = packet;
  return {
    ...(file === undefined ? {} : { file, number }),
    packet: summaryOf(packet),
    verdict,
    rule: rule === undefined ? null : rule + 1,
    summary: text,
    steps: steps.map((step) => ({ ...step, rule: step.rule + 1 })),
    counts: counts.map((count) => ({ ...count, rule: count.rule + 1 })),
    frame: Buffer.from(frame).toString('hex'),
  };
}
