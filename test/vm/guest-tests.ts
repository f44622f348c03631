import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from './guest.js';
import { type FileResult, readReport, type TestResult } from './report.js';

export interface GuestTestOptions {
  readonly files: readonly string[];
  /** Seconds that one file may take. */
  readonly limit: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onFile: (result: FileResult) => void;
}

/** Where the guest sees the folder that it shares with the host. */
const SHARED = '/run/xdpkit-vm';
/** Seconds until vitest begins with its first file. */
const START = 900;

/**
 * Runs test files in the guest. One that hangs is ended after its time, and the files after it run with a new vitest.
 *
 * @returns a result for each file, in the order they ran
 */
export async function runGuestTests(guest: Guest, options: GuestTestOptions): Promise<FileResult[]> {
  const results: FileResult[] = [];
  let left = options.files;
  for (let run = 0; left.length > 0; run++) {
    for await (const result of runOnce(guest, left, `tests-${run}`, options)) {
      results.push(result);
      options.onFile(result);
    }
    left = left.filter((file) => !results.some((result) => result.file === file));
  }
  return results;
}

/** One vitest, until it has ended or hangs. */
async function* runOnce(
  guest: Guest,
  files: readonly string[],
  name: string,
  { limit, env }: GuestTestOptions,
): AsyncGenerator<FileResult> {
  const vitest = guest.start(
    [
      ...[process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...files],
      // One process for all files: to start one takes 15 seconds under emulation.
      ...['--no-isolate', '--reporter=verbose', '--reporter=./temp/vm/report.js', '--passWithNoTests'],
    ],
    {
      seconds: START + files.length * limit,
      env: { ...env, XDPKIT_VM_REPORT: `${SHARED}/${name}.report` },
      log: name,
    },
  );
  let told = 0;
  let running: string | undefined;
  let since = performance.now();
  for (;;) {
    // Before the report is read: what it says then is all.
    const { isOver } = vitest;
    const report = readReport(`${guest.folder}/${name}.report`);
    for (const result of report.ended.slice(told)) {
      told++;
      since = performance.now();
      yield result;
    }
    if (isOver) break;
    if (report.running !== running) since = performance.now();
    running = report.running;
    const patience = told === 0 && running === undefined ? START : limit;
    if (performance.now() - since > patience * 1000) {
      vitest.kill('SIGKILL');
      await vitest.end();
      yield failed(running ?? files[told]!, `it was not done after ${patience} s`, report.tests);
      return;
    }
    await sleep(200);
  }
  const { status, stderr } = await vitest.end();
  const { ended } = readReport(`${guest.folder}/${name}.report`);
  for (const file of files.filter((each) => !ended.some((result) => result.file === each))) {
    // vitest.config.ts says so of files whose tools are missing. All others should have run.
    const leftOut = new RegExp(`^left out: ${file} \\((.*)\\)$`, 'm').exec(stderr)?.[1];
    if (leftOut !== undefined)
      yield { file, seconds: 0, tests: [{ name: 'all', state: 'skipped', why: leftOut }], errors: [] };
    else yield failed(file, `vitest ended with ${status} without running it`);
  }
}

function failed(file: string, error: string, tests: readonly TestResult[] = []): FileResult {
  return { file, seconds: 0, tests, errors: [error] };
}
