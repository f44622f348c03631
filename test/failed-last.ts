import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Names once more, after everything else, what failed and why, in a line each: of a long log people see the end. How many
 * tests passed, failed and were skipped goes into the file that XDPKIT_COUNTS names (scripts/run-tests.mjs).
 */
export default class FailedLast implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: string }[]): void {
    const first = (errors: readonly { message?: string }[] | undefined) => errors?.[0]?.message?.split('\n')[0] ?? '';
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) console.error(`FAILED ${module.relativeModuleId}: ${first(module.errors())}`);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state !== 'pending') counts[state]++;
        if (state === 'failed') console.error(`FAILED ${module.relativeModuleId} > ${test.fullName}: ${first(errors)}`);
      }
    }
    for (const error of unhandled) console.error(`FAILED outside of a test: ${error.message}`);
    const file = process.env['XDPKIT_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}
