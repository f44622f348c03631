import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../../dist/ebpf/index.js';
import { describedFrame, pcapHeader, pcapRecord } from '../../dist/wire/index.js';
import { jsonLines } from './json-lines.js';
import { type Ending, run, XDPKIT } from './running.js';

const EDGE = `rules:
  - name: web
    match: { type: tcp-dst, port: 443 }
    action: pass
  - name: no-42
    match: { type: udp-dst, port: 42 }
    action: drop
  - match: { expression: "icmp and src net 10.0.0.0/8" }
    action: drop
`;
const PACKETS = ['udp 10.0.0.1:5000 > 10.0.0.2:42', 'tcp 10.0.0.1:5000 > 10.0.0.2:443', 'icmp 10.0.0.1 > 10.0.0.2'];

let folder: string;
let edge: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpkit-rules-'));
  edge = file('edge.yaml', EDGE);
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const rules = (...args: readonly string[]) => run([...XDPKIT, 'rules', ...args]);

/** With the file on standard input. */
const piped = (text: string, ...args: readonly string[]): Promise<Ending> =>
  run(['sh', '-c', 'file=$1; shift; exec "$@" <"$file"', 'sh', file('piped', text), ...XDPKIT, 'rules', ...args]);

/** Standard output of a command that has to succeed, without a word of complaint. */
async function outputOf(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await rules(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test('the command alone tells its commands', async () => {
  const { stdout } = await rules('--help');
  expect(stdout).toMatch(/check .*compile .*explain /s);
});

test('check: a sound file', async () => {
  expect(await outputOf('check', edge)).toMatch(/^\S*edge\.yaml: 3 rules, \d+ instructions, 1 map\n$/);
});

test('check --verify: the kernel takes it, with figures', async () => {
  const [report] = jsonLines(await outputOf('check', edge, '--verify', '--json'));
  expect(report).toMatchObject({ type: 'check', errors: [], warnings: [], rules: 3 });
  expect(report!['verifier']).toEqual({
    processed: expect.any(Number),
    totalStates: expect.any(Number),
    peakStates: expect.any(Number),
    microseconds: expect.any(Number),
  });
});

test('check: everything that is wrong, by line and rule', async () => {
  const wrong = file('wrong.yaml', EDGE.replace('port: 443', 'port: 70000').replace('udp-dst', 'upd-dst'));
  const { status, stdout, stderr } = await rules('check', wrong);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    `error: ${wrong}:3:35: rule 1 "web": port is 0 to 65535, not 70000`,
    expect.stringMatching(/^error: \S+wrong\.yaml:6:\d+: rule 2 "no-42": .*Did you mean "udp-dst"/),
    '',
  ]);
  const expression = EDGE.replace('icmp and', 'icmp und');
  expect((await piped(expression, 'check', '-')).stdout).toMatch(
    /^error: standard input:8:\d+: rule 3: expression can't be read: /,
  );
  const json = await rules('check', wrong, '--json');
  expect(json.status).toBe(1);
  expect(jsonLines(json.stdout)[0]).toMatchObject({
    errors: [
      { file: wrong, line: 3, column: 35, rule: 1, name: 'web', path: 'rules.0.match.port' },
      { line: 6, rule: 2 },
    ],
  });
});

test('check: JSON on standard input, and a rule that never comes to a packet', async () => {
  const text = JSON.stringify({
    rules: [
      { match: { type: 'udp' }, action: 'pass' },
      { name: 'late', match: { type: 'udp-dst', port: 53 }, action: 'drop' },
    ],
  });
  const { status, stdout } = await piped(text, 'check', '-');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^warning: standard input: rule 2 "late" never comes to a packet: rule 1 decides/);
  const [report] = jsonLines((await piped(text, 'check', '-', '--json')).stdout);
  expect(report!['warnings']).toMatchObject([{ rule: 2, name: 'late', by: [1] }]);
});

test.each([
  [['check'], /missing required argument 'file'/],
  [['check', '/no/such/file'], /\/no\/such\/file can't be read/],
  [['compile', 'x', '--target', 'beos'], /Allowed choices are linux, windows/],
  [['explain', 'x'], /missing required argument 'packet'/],
  [['nonsense'], /unknown command 'nonsense'/],
])('xdpkit rules %j is a usage error', async (args, says) => {
  const { status, stdout, stderr } = await rules(...args);
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(says) });
});

test('compile: the program, with the rule that each part came from', async () => {
  const lines = (await outputOf('compile', edge)).split('\n');
  expect(lines[0]).toBe('; what kind of packet it is');
  expect(lines).toContain('; rule 1 "web": tcp-dst 443 -> pass');
  expect(lines).toContain('; rule 2 "no-42": udp-dst 42 -> drop');
  expect(lines).toContain('; rule 3: "icmp and src net 10.0.0.0/8" -> drop');
  // 42 as a u16 in network order.
  const at = lines.indexOf('; rule 2 "no-42": udp-dst 42 -> drop');
  expect(lines.slice(at, at + 8).join('\n')).toMatch(/if w1 != 10752 goto/);
});

test('compile --json and --object: instructions, blocks, and the same bytes with maps by number', async () => {
  const path = join(folder, 'edge.bpf');
  const [program] = jsonLines(await outputOf('compile', edge, '--json', '--object', path)) as {
    [name: string]: unknown;
    instructions?: { slot: number; text: string }[];
    rules?: { blocks: { from: number; to: number }[] }[];
    mapReferences?: { slot: number; map: string }[];
  }[];
  expect(program).toMatchObject({ type: 'program', maps: [{ name: 'counters', kind: 'percpuArray', maxEntries: 3 }] });
  const instructions = decode(new Uint8Array(readFileSync(path)));
  const { slot } = program!.instructions!.at(-1)!;
  expect(instructions.length).toBe(slot + 1);
  expect(program!.mapReferences!.length).toBeGreaterThan(0);
  // BPF_PSEUDO_MAP_FD, and the map's number for its descriptor.
  for (const { slot: at } of program!.mapReferences!) expect(instructions[at]).toMatchObject({ src: 1, immediate: 0 });
  for (const { blocks } of program!.rules!) {
    expect(blocks.length).toBeGreaterThan(0);
    for (const { from, to } of blocks) expect(to).toBeGreaterThan(from);
  }
  const { stderr, stdout } = await rules('compile', edge, '-o', path);
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringMatching(/^map 0: counters, percpuArray/) });
});

test('compile --target windows: an array of XDP_RULE, or the rules without equivalent', async () => {
  const simple = file('simple.yaml', EDGE.slice(0, EDGE.indexOf('  - match: { expression')));
  const path = join(folder, 'simple.xdprules');
  expect(await outputOf('compile', simple, '--target', 'windows', '-o', path)).toBe('');
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(2 * 72 + 24);
  expect([bytes.readUInt32LE(0), bytes.readUInt16BE(8), bytes.readUInt32LE(48)]).toEqual([14, 443, 1]);
  expect([bytes.readUInt32LE(72), bytes.readUInt16BE(80), bytes.readUInt32LE(120)]).toEqual([2, 42, 0]);
  expect(await outputOf('compile', simple, '--target', 'windows')).toMatch(
    /^; rule 1 "web": tcp-dst 443 -> pass\n {4}000000 {2}0e 00 00 00 00 00 00 00 01 bb /,
  );
  const [json] = jsonLines(await outputOf('compile', simple, '--target', 'windows', '--json'));
  expect(json).toMatchObject({ type: 'windows-rules', bytes: bytes.toString('hex'), rules: [0, 1], relocations: [] });

  const { status, stdout, stderr } = await rules('compile', edge, '--target', 'windows');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(`${edge}: rule 3: the match "icmp and src net 10.0.0.0/8" has no equivalent on Windows`);
});

test('explain: the rule that decided, and what failed before it', async () => {
  expect(await outputOf('explain', edge, PACKETS[0]!)).toBe(
    ['drop by rule 2 "no-42" (udp-dst 42)', '  rule 1 "web" (tcp-dst 443): protocol is UDP (17), not TCP (6)', ''].join(
      '\n',
    ),
  );
  const frame = Buffer.from(describedFrame(PACKETS[2]!)).toString('hex');
  expect((await outputOf('explain', edge, frame)).split('\n')[0]).toBe(
    'drop by rule 3 ("icmp and src net 10.0.0.0/8")',
  );
});

test('explain: a line for each packet of a capture, or those of one rule', async () => {
  const frames = PACKETS.map(describedFrame);
  const records = frames.map((bytes) => {
    const { length } = bytes;
    return pcapRecord({ bytes, offset: 0, length, originalLength: length, seconds: 1, nanoseconds: 0 });
  });
  const capture = file('some.pcap', Buffer.concat([pcapHeader(), ...records]));
  expect((await outputOf('explain', edge, capture)).trim().split('\n')).toEqual([
    expect.stringMatching(/^1: drop by rule 2 "no-42" \(udp-dst 42\): UDP 10\.0\.0\.1:5000 > 10\.0\.0\.2:42/),
    expect.stringMatching(/^2: pass by rule 1 "web"/),
    expect.stringMatching(/^3: drop by rule 3 /),
  ]);
  expect(await outputOf('explain', edge, capture, '--only', 'web')).toMatch(/^2: pass by rule 1 "web".*\n$/);
  expect(await outputOf('explain', edge, capture, '--only', '3')).toMatch(/^3: drop by rule 3 .*\n$/);
  expect(await outputOf('explain', edge, capture, '--only', 'none')).toBe('');
  const lines = jsonLines(await outputOf('explain', edge, capture, '--json'));
  expect(lines[0]).toMatchObject({
    type: 'packet',
    file: capture,
    number: 1,
    verdict: 'drop',
    rule: 2,
    steps: [{ rule: 1, name: 'web', reason: 'protocol is UDP (17), not TCP (6)' }],
    counts: [{ rule: 2, bytes: 42, isOver: false }],
    frame: Buffer.from(frames[0]!).toString('hex'),
  });
  expect((await rules('explain', edge, capture, '--only', 'nobody')).status).toBe(2);
  expect((await rules('explain', edge, 'nonsense')).stderr).toMatch(/"nonsense" is no packet/);
});
