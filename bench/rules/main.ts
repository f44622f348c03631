import { parseArgs } from 'node:util';
import { Assembler, link, R0, XdpAction } from 'xdpkit/ebpf';
import { BpfMap, TestRun, XdpProgram } from 'xdpkit/kernel';
import { BpfObject } from 'xdpkit/object';
import { compileRuleSet, type RuleSet } from 'xdpkit/rules';
import { describedFrame } from 'xdpkit/wire';
import { CASES } from './cases.js';

/** Rules and the same filters in C, in BPF_PROG_TEST_RUN: nanoseconds a packet by wall clock, net of an empty program. */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000000' },
    pairs: { type: 'string', default: '21' },
    objects: { type: 'string' },
  },
});
const pairs = Number(values.pairs);
const repeat = Math.max(1, Math.round(Number(values.runs) / pairs));

function loadRules(ruleSet: RuleSet): XdpProgram {
  const { program, maps } = compileRuleSet(ruleSet);
  const fds: Record<string, number> = {};
  for (const options of maps) {
    const map = new BpfMap(options);
    if (options.contents !== undefined) map.updateBatch(options.contents.keys, options.contents.values);
    fds[options.name] = map.fd;
  }
  return new XdpProgram({ name: 'rules', instructions: link(program, fds) });
}

function nanoseconds(run: TestRun, packet: Uint8Array): number {
  const start = process.hrtime.bigint();
  run.run(packet, { repeat });
  return Number(process.hrtime.bigint() - start) / repeat;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

const empty = new TestRun(
  new XdpProgram({ name: 'empty', instructions: link(new Assembler().mov(R0, XdpAction.pass).exit().assemble()) }),
);
for (const { name, ruleSet, packet: text, fill } of CASES) {
  const packet = describedFrame(text);
  const rules = new TestRun(loadRules(ruleSet));
  using object = BpfObject.open(`${values.objects ?? 'bench/c-rules/build'}/${name}.o`).load();
  fill(object);
  const c = new TestRun(object.program('filter'));
  const [ours, theirs] = [rules.run(packet).action, c.run(packet).action];
  if (ours !== theirs) throw new Error(`${name}: rules say ${ours}, C says ${theirs}`);
  const times = Array.from({ length: pairs }, () => {
    const base = nanoseconds(empty, packet);
    return [nanoseconds(rules, packet) - base, nanoseconds(c, packet) - base] as const;
  });
  const [mine, other] = [median(times.map(([time]) => time)), median(times.map(([, time]) => time))];
  const ratio = median(times.map(([a, b]) => a / b));
  process.stdout.write(
    `${name.padEnd(10)} rules ${mine.toFixed(1)} ns, C ${other.toFixed(1)} ns, ${ratio.toFixed(2)}\n`,
  );
}
