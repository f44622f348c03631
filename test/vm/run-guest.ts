import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './arguments.js';
import { type Kernel, kernelRelease } from './cache.js';
import { Guest } from './guest.js';
import { runGuestTests } from './guest-tests.js';
import { makeInitramfs } from './initramfs.js';
import { Machine } from './machine.js';
import { Network } from './network.js';
import { given, NIC_MODULES, type Nic } from './nic.js';
import { type FileResult, readReport } from './report.js';
import { Results } from './results.js';
import { testFiles } from './test-files.js';
import type { TrafficBed, TrafficFigures } from './traffic-bed.js';

/** Seconds from the start of QEMU to the guest's first sign. A few, on a machine that has nothing else to do. */
const BOOT = 240;
const TRAFFIC = 1800;
const OFF = 30;
/** See test/patience.ts: emulation is some twenty times slower than the machine, but tests have much time. */
const PATIENCE = process.env['XDPKIT_PATIENCE'] ?? '8';

export interface GuestResult {
  readonly kernel: Kernel;
  readonly nic: Nic;
  readonly bootSeconds: number;
  readonly files: readonly FileResult[];
  readonly figures: TrafficFigures;
  /** What went wrong with the guest itself. */
  readonly error?: string;
}

/**
 * Boots a guest, runs what is to be run there, and switches it off.
 *
 * @param tell is told what happens, a line each
 * @throws the signal's reason when it is aborted
 */
export async function runGuest(
  kernel: Kernel,
  nic: Nic,
  settings: Settings,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<GuestResult> {
  const results = new Results(kernel, nic, settings.resume);
  const runsTests = nic === 'none' || settings.testsEverywhere;
  const files = runsTests ? results.passed() : [];
  const left = runsTests ? testFiles(settings.tests).filter((name) => !files.some(({ file }) => file === name)) : [];
  if (runsTests && left.length === 0 && !settings.shell) return { kernel, nic, bootSeconds: 0, files, figures: {} };
  const onFile = (result: FileResult) => {
    files.push(result);
    if (runsTests) results.add(result);
    tell(fileLine(result));
  };
  const folder = `${process.cwd()}/temp/vm/runs/${kernel}-${nic}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/initramfs`, makeInitramfs(kernel, 'test/vm/init'));
  writeFileSync(`${folder}/start`, startScript(nic, settings.shell));
  const guest = new Guest(folder);
  let bootSeconds = 0;
  /** Whether it may go off. */
  let leaving = settings.shell;

  using network = new Network({ multiQueue: nic === 'virtio', mtu: settings.mtu });
  await using machine = new Machine({
    kernel,
    nic,
    folder,
    initramfs: `${folder}/initramfs`,
    taps: network.taps,
    netns: network.netns,
    interactive: settings.shell,
  });
  const work = async () => {
    const begin = performance.now();
    await guest.ready(BOOT);
    bootSeconds = (performance.now() - begin) / 1000;
    network.plug();
    tell(`Linux ${kernelRelease(kernel)} is up after ${bootSeconds.toFixed(1)} s`);
    if (settings.shell) return await machine.ended;
    if (runsTests) {
      await runGuestTests(guest, { files: left, limit: settings.limit, onFile, env: testEnv(nic) });
    } else {
      const { hosts } = network;
      const { mtu, bridge } = settings;
      await runTraffic({ folder, nic, hosts, ...given(kernel, nic, mtu), mtu, bridge }, onFile, signal);
    }
    leaving = true;
    guest.off();
    await Promise.race([machine.ended, sleep(OFF * 1000, undefined, { ref: false })]);
  };
  const result = () => ({ kernel, nic, bootSeconds, files, figures: readFigures(folder) });
  try {
    await Promise.race([work(), died(machine, () => leaving), aborted(signal)]);
    return result();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { ...result(), error: `${(error as Error).message}\nthe console's last lines:\n${machine.lastWords()}` };
  }
}

/** What the guest does once it has its root. */
function startScript(nic: Nic, shell: boolean): string {
  const agent = `${process.execPath} temp/vm/agent.js /run/xdpkit-vm`;
  return [
    'export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    // The host goes on writing to its own /tmp, and a folder that changes below an overlay loses files.
    'mkdir -m 1777 /run/tmp && export TMPDIR=/run/tmp',
    `cd '${process.cwd()}'`,
    'ip link set lo up',
    // Its device file comes with it; other modules load themselves.
    ...['tun', ...NIC_MODULES[nic]].map((module) => `modprobe ${module}`),
    ...(shell ? [`${agent} &`, `export TERM=${process.env['TERM'] ?? 'linux'}`, SHELL] : [agent]),
    'busybox poweroff -f',
    '',
  ].join('\n');
}

/** With the console as its terminal, so that Ctrl-C works. */
const SHELL = 'setsid --ctty --wait bash -i </dev/ttyS0 >/dev/ttyS0 2>&1';

/** What this process was told of how long tests run, and of what is compiled already, holds in the guest too. */
const PASSED_ON = ['XDPKIT_LONG', 'XDPKIT_COMPILED'];

/** With a NIC that may be changed, for test/netdev/nic.test.ts. */
function testEnv(nic: Nic): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return {
    XDPKIT_PATIENCE: PATIENCE,
    ...(nic === 'none' ? {} : { XDPKIT_NIC: 'eth0' }),
    ...(Object.fromEntries(passed) as Record<string, string>),
  };
}

/** The host's part of the traffic tests: a vitest of its own. */
async function runTraffic(bed: TrafficBed, onFile: (result: FileResult) => void, signal: AbortSignal): Promise<void> {
  const report = `${bed.folder}/traffic.report`;
  const options = ['--config', 'test/vm/vitest.config.ts', '--reporter=verbose', '--reporter=./temp/vm/report.js'];
  const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...options], {
    env: { ...process.env, XDPKIT_PATIENCE: PATIENCE, XDPKIT_VM_BED: JSON.stringify(bed), XDPKIT_VM_REPORT: report },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TRAFFIC * 1000,
    killSignal: 'SIGKILL',
    signal,
  });
  let output = '';
  for (const stream of [vitest.stdout, vitest.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  try {
    await once(vitest, 'close');
  } finally {
    writeFileSync(`${bed.folder}/traffic.log`, output);
  }
  const { ended } = readReport(report);
  for (const result of ended) onFile(result);
  if (ended.length === 0) throw new Error(`the traffic tests did not run:\n${output}`);
}

/** Never ends when the guest goes off in order. */
async function died(machine: Machine, inOrder: () => boolean): Promise<never> {
  await machine.ended;
  if (inOrder()) return await new Promise(() => {});
  throw new Error('the guest went off by itself');
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

function readFigures(folder: string): TrafficFigures {
  const file = `${folder}/figures.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TrafficFigures) : {};
}

function fileLine({ file, seconds, tests, errors }: FileResult): string {
  const count = (state: string) => tests.filter((test) => test.state === state).length;
  const parts = [`${count('passed')} passed`];
  for (const state of ['failed', 'skipped']) if (count(state) > 0) parts.push(`${count(state)} ${state}`);
  if (errors.length > 0) parts.push(`FAILED: ${errors[0]!.split('\n')[0]}`);
  return `${file}  ${parts.join(', ')}  ${seconds.toFixed(1)} s`;
}
