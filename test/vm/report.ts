import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** A line of a report: a file has begun, one of its tests has ended, or all of it has. */
export type ReportLine = { readonly begun: string } | { readonly done: TestResult } | FileResult;

export interface FileResult {
  readonly file: string;
  readonly seconds: number;
  readonly tests: readonly TestResult[];
  /** What went wrong outside of its tests. */
  readonly errors: readonly string[];
}

export interface TestResult {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly why: string;
}

/**
 * A reporter for vitest that tells how each file ended as soon as it has, so that one that hangs takes no other's results
 * with it. It writes JSON lines to the file that `XDPKIT_VM_REPORT` names.
 */
export default class Report implements Reporter {
  readonly #file = process.env['XDPKIT_VM_REPORT']!;

  onTestModuleQueued(module: TestModule): void {
    this.#tell({ begun: module.relativeModuleId });
  }

  onTestCaseResult(test: TestCase): void {
    this.#tell({ done: resultOf(test) });
  }

  onTestModuleEnd(module: TestModule): void {
    this.#tell({
      file: module.relativeModuleId,
      seconds: module.diagnostic().duration / 1000,
      tests: [...module.children.allTests()].map(resultOf),
      errors: [module, ...module.children.allSuites()].flatMap((part) => part.errors().map(({ message }) => message)),
    });
  }

  onTestRunEnd(_: unknown, unhandled: readonly { message?: string }[]): void {
    if (unhandled.length === 0) return;
    const errors = unhandled.map(({ message = '' }) => message);
    this.#tell({ file: 'outside of the tests', seconds: 0, tests: [], errors });
  }

  #tell(line: ReportLine): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function resultOf(test: TestCase): TestResult {
  const result = test.result();
  const why = result.state === 'failed' ? result.errors[0]?.message : result.state === 'skipped' ? result.note : '';
  return { name: test.fullName, state: result.state === 'pending' ? 'failed' : result.state, why: why ?? '' };
}

export interface ReportSoFar {
  readonly ended: FileResult[];
  readonly running: string | undefined;
  /** Those of the file that is running. */
  readonly tests: readonly TestResult[];
}

export function readReport(file: string): ReportSoFar {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  // The last line may be under way.
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean);
  const entries = lines.map((line) => JSON.parse(line) as ReportLine);
  const ended = entries.filter((entry) => 'file' in entry);
  const begun = entries.flatMap((entry) => ('begun' in entry ? [entry.begun] : []));
  const running = begun.find((name) => !ended.some(({ file: other }) => other === name));
  const sinceThen = entries.slice(entries.findLastIndex((entry) => 'begun' in entry || 'file' in entry) + 1);
  return { ended, running, tests: sinceThen.flatMap((entry) => ('done' in entry ? [entry.done] : [])) };
}
