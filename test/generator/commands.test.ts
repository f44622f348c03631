import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { FAR, NEAR, WirePair } from './wire-pair.js';

failOnLeaks();
let pair: WirePair;
beforeEach(() => {
  pair = new WirePair();
});
afterEach(() => pair[Symbol.dispose]());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Standard output as lines of JSON. */
  readonly json: () => Record<string, unknown>[];
}

/** Runs a command to its end. @param signals to send it when it says that it has begun */
async function xdpkit(args: readonly string[], signal?: NodeJS.Signals): Promise<Ended> {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], { timeout: patient(25_000) });
  let out = '';
  let err = '';
  let signalled = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    // Once: a second one would find nobody who listens any more.
    if (signal === undefined || signalled || !out.includes('"type":"sample"')) return;
    signalled = child.kill(signal);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const json = () =>
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, out, err, json };
}
const generate = (...args: string[]) => xdpkit(['generate', NEAR, '--netns', pair.netns, ...args]);
const receiver = () => ['--receiver', FAR, '--receiver-netns', pair.farNetns];

test('generate says what it reached, and what the far side counted', async () => {
  const run = await generate('--count', '2k', '--rate', '20k', '--payload', 'measure', '--stream', '3', ...receiver());
  expect(run).toMatchObject({ code: 0 });
  expect(run.out).toMatch(/^sent 2,000 frames in \d\.\d{3} s: [\d,]+ frame\/s, \d+\.\d Mbit\/s$/m);
  expect(run.out).toMatch(/^received 2,000 frames in /m);
  expect(run.out).toMatch(/^no frame lost$/m);
  expect(run.out).toMatch(/^stream 3: 2,000 frames, 0 lost, 0 reordered, 0 duplicates$/m);
  expect(run.out).toMatch(/^latency {2}min .* p50 .* p90 .* p99 .* p99\.9 .* max .*s$/m);
});

test.each(['xsk', 'live'])('generate --json with %s: start, samples, summary', async (engine) => {
  const options = [
    '--engine',
    engine,
    '--count',
    '400',
    '--rate',
    '2000',
    '--interval',
    '50ms',
    '--size',
    '64:1,128:1',
  ];
  const run = await generate('--json', ...options, ...receiver());
  expect(run).toMatchObject({ code: 0, err: '' });
  const lines = run.json();
  expect(lines.map(({ version }) => version)).toEqual(lines.map(() => 1));
  expect(lines[0]).toMatchObject({ type: 'start', interface: NEAR, engine, workers: 1 });
  expect(lines.slice(1, -1).length).toBeGreaterThan(0);
  for (const line of lines.slice(1, -1)) expect(line).toMatchObject({ type: 'sample', sent: {}, received: {} });
  // Frames that don't measure are counted all the same.
  expect(lines.at(-1)).toMatchObject({
    type: 'summary',
    sent: { frames: 400, bytes: 400 * 96, skipped: 0 },
    received: { frames: 400, bytes: 400 * 96, unmeasured: 400 },
  });
  const { framesPerSecond, bitsPerSecond, seconds } = lines.at(-1)!['sent'] as Record<string, number>;
  expect(framesPerSecond).toBeCloseTo(400 / seconds!, 6);
  expect(bitsPerSecond).toBeCloseTo((400 * 96 * 8) / seconds!, 3);
});

test('generate: every kind of option reaches the frames', async () => {
  const options = [
    '--vlan',
    '7@3',
    '--vlan',
    '9',
    '--source',
    '2001:db8::/64',
    '--protocol',
    'tcp',
    '--tcp-flags',
    'ack',
  ];
  const run = await generate('--json', ...options, '--size', '200', '--count', '50', '--rate', '5k', ...receiver());
  expect(run.json().at(-1)).toMatchObject({
    sent: { frames: 50, bytes: 10_000 },
    received: { frames: 50, bytes: 10_000 },
  });
});

test('receive counts until it is told to stop', async () => {
  const signalled = ['receive', FAR, '--netns', pair.farNetns, '--json', '--interval', '50ms'];
  const [one, two] = await Promise.all([xdpkit(signalled, 'SIGINT'), generate('--count', '1')]);
  expect([one.code, two.code]).toEqual([130, 0]);
  expect(one.json().at(-1)).toMatchObject({ type: 'summary' });
  const counted = xdpkit(['receive', FAR, '--netns', pair.farNetns, '--count', '1', '--json']);
  const sender = xdpkit(
    ['generate', NEAR, '--netns', pair.netns, '--rate', '50', '--payload', 'measure', '--json', '--interval', '3s'],
    'SIGTERM',
  );
  const [received, sent] = await Promise.all([counted, sender]);
  expect([received.code, sent.code]).toEqual([0, 0]);
  const { frames } = received.json().at(-1)!['received'] as { frames: number };
  expect(frames).toBeGreaterThan(0);
});

test('what is wrong is told with the name of its option', async () => {
  const cases: [string[], number, RegExp][] = [
    [['--source-port', '70000'], 2, /--source-port: "70000" is not a port.*XDP_ERR_USAGE/],
    [['--tcp-flags', 'syn'], 2, /--tcp-flags is not for udp/],
    [['--replay', '/nowhere.pcap'], 2, /\/nowhere\.pcap can't be read/],
    [['--receiver', 'nope', '--receiver-netns', pair.farNetns], 1, /no interface called "nope"/],
  ];
  for (const [args, code, message] of cases) {
    const run = await generate(...args);
    expect([run.code, run.out]).toEqual([code, '']);
    expect(run.err).toMatch(message);
  }
  const json = await generate('--json', '--size', '10');
  expect(json.json()).toMatchObject([
    { type: 'error', code: 'XDP_ERR_USAGE', message: '--size: "10" is no whole number from 14 to 9216' },
  ]);
});
