import type { FileResult, TestResult } from './report.js';
import type { GuestResult } from './run-guest.js';

export function hasFailed({ error, files }: GuestResult): boolean {
  return error !== undefined || !files.every(filePassed);
}

export function filePassed(file: FileResult): boolean {
  return file.errors.length === 0 && testsOf([file], 'failed').length === 0;
}

/** A line for each guest, and before them one for each test that failed, and for each reason to skip some. */
export function summaryOf(results: readonly GuestResult[]): string[] {
  return [...results.flatMap(details), '', ...results.map(guestLine)];
}

function guestLine(result: GuestResult): string {
  const { files, bootSeconds } = result;
  const counts = (['passed', 'failed', 'skipped'] as const)
    .map((state) => ({ state, count: testsOf(files, state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const verdict = hasFailed(result) ? 'FAILED' : 'ok';
  return [
    `${verdict.padEnd(6)}  ${nameOf(result)}  up in ${bootSeconds.toFixed(1)} s`,
    counts.join(', ') || 'no tests',
    ...figuresOf(result),
  ].join('  ');
}

function figuresOf({ figures: { mode, zeroCopy, queues, tcp, udp, copy, forwarded } }: GuestResult): string[] {
  const mebibytes = (bytes: number) => `${bytes >> 20} MiB`;
  return [
    ...(mode === undefined ? [] : [`${mode}, ${zeroCopy ? 'zero-copy' : 'copy'}, ${queues} queues`]),
    ...(tcp === undefined ? [] : [`TCP ${(tcp / 1e6).toFixed(0)} Mbit/s`]),
    ...(udp === undefined ? [] : [`UDP ${udp.packets} datagrams, ${udp.lost} lost`]),
    ...(copy === undefined ? [] : [`${mebibytes(copy.bytes)} copied in ${copy.seconds.toFixed(1)} s`]),
    ...(forwarded === undefined ? [] : [`${forwarded} packets forwarded`]),
  ];
}

function details(result: GuestResult): string[] {
  const { files, error } = result;
  const name = nameOf(result);
  const skipped = new Map<string, number>();
  for (const { why } of testsOf(files, 'skipped')) skipped.set(why, (skipped.get(why) ?? 0) + 1);
  return [
    ...[...skipped].map(([why, count]) => `skipped ${name}  ${count} tests: ${why || 'no reason given'}`),
    ...files.flatMap(({ file, tests, errors }) => [
      ...errors.map((each) => `FAILED ${name}  ${file}: ${firstLine(each)}`),
      ...tests.filter(isFailed).map((test) => `FAILED ${name}  ${file} > ${test.name}: ${firstLine(test.why)}`),
    ]),
    ...(error === undefined ? [] : [`FAILED ${name}  ${error}`]),
  ];
}

function nameOf({ kernel, nic }: GuestResult): string {
  return `${kernel.padEnd(4)} ${nic.padEnd(6)}`;
}

const isFailed = (test: TestResult) => test.state === 'failed';

function testsOf(files: readonly FileResult[], state: TestResult['state']): TestResult[] {
  return files.flatMap(({ tests }) => tests.filter((test) => test.state === state));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
