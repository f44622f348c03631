import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { type DemoCheck, runDemo } from '../demo/index.js';
import type { Bridge, BridgeSample } from '../pipeline/index.js';
import { wholeNumber } from './arguments.js';
import { bridgeTable } from './bridge-table.js';
import { LiveRegion } from './live-region.js';
import { printJson } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags {
  readonly queues: number;
  readonly size: number;
  readonly json?: true;
}

/** Milliseconds between two drawings. */
const INTERVAL = 250;

export function demoCommand(): Command {
  return new Command('demo')
    .summary('bridge two hosts of its own and check every byte')
    .description(
      'Make two hosts in network namespaces, bridge them through AF_XDP, let their kernels talk by ICMP, UDP and TCP, ' +
        'check every byte and every frame, and clean up. Touches no interface of this machine.',
    )
    .addOption(new Option('-q, --queues <n>', 'queues of each interface').argParser(wholeNumber(1, 64)).default(1))
    .addOption(
      new Option('-s, --size <MiB>', 'how much is copied over TCP').argParser(wholeNumber(1, 1 << 20)).default(256),
    )
    .option('--json', 'print a stream of JSON lines: check…, summary')
    .addHelpText('after', '\nIt needs root, for the namespaces and the XDP programs, and no program besides Node.')
    .action(async (flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run(flags, signal));
    });
}

async function run(flags: Flags, signal: AbortSignal): Promise<number> {
  const display = flags.json ? jsonDisplay() : process.stdout.isTTY ? liveDisplay() : lineDisplay();
  try {
    const { queues, size } = flags;
    const result = await runDemo({ queues, bytes: size * (1 << 20), signal, ...display });
    display.end();
    if (flags.json) printJson('summary', result);
    else process.stdout.write(`\n${result.ok ? styleText('green', PASSED) : styleText('red', FAILED)}\n`);
    return result.ok ? 0 : 1;
  } catch (error) {
    display.end();
    if (!signal.aborted) throw error;
    if (!flags.json) process.stdout.write('\nStopped; everything was cleaned up.\n');
    return exitCodeOf(signal);
  }
}

const PASSED = 'Every byte arrived, every frame is accounted for, and nothing was left behind.';
const FAILED = 'A check failed; see above.';

interface Display {
  onBridge(bridge: Bridge): void;
  onStart(step: string): void;
  onCheck(check: DemoCheck): void;
  end(): void;
}

function jsonDisplay(): Display {
  return { onBridge: () => {}, onStart: () => {}, onCheck: (check) => printJson('check', check), end: () => {} };
}

const HEADING = 'two hosts in namespaces of their own, bridged through AF_XDP by TypeScript';

function checkLine({ step, ok, result }: DemoCheck): string {
  return `${ok ? styleText('green', 'ok  ') : styleText('red', 'FAIL')} ${step.padEnd(7)} ${result}`;
}

/** Draws the table again and again while traffic runs, with the checks above it. */
function liveDisplay(): Display {
  const region = new LiveRegion(process.stdout);
  const checks: string[] = [];
  let step = '';
  let bridge: Bridge | undefined;
  let before: BridgeSample | undefined;
  const draw = () => {
    if (bridge === undefined) return;
    const now = bridge.sample();
    const running = step === '' ? [] : [`…    ${step}`];
    region.draw([
      styleText('bold', HEADING),
      '',
      '  host "left"  eth0 ── port0 [ xdpkit bridge ] port1 ── eth0  host "right"',
      '',
      ...bridgeTable(now, before ?? now),
      '',
      ...checks,
      ...running,
    ]);
    before = now;
  };
  const timer = setInterval(draw, INTERVAL);
  return {
    onBridge(opened) {
      bridge = opened;
      draw();
    },
    onStart(name) {
      step = name;
    },
    onCheck(check) {
      step = '';
      checks.push(checkLine(check));
      draw();
    },
    end() {
      clearInterval(timer);
      region.end();
    },
  };
}

/** For a pipe or a file: the table once a second, one under the other, and a line for each check. */
function lineDisplay(): Display {
  let before: BridgeSample | undefined;
  let timer: NodeJS.Timeout | undefined;
  process.stdout.write(`${HEADING}\n`);
  return {
    onBridge(bridge) {
      before = bridge.sample();
      timer = setInterval(() => {
        const now = bridge.sample();
        process.stdout.write(`\n${bridgeTable(now, before ?? now).join('\n')}\n\n`);
        before = now;
      }, 1000);
    },
    onStart: () => {},
    onCheck: (check) => process.stdout.write(`${checkLine(check)}\n`),
    end: () => clearInterval(timer),
  };
}
