import type { Reporter, TestModule } from 'vitest/node';

/** Names once more, after everything else, what failed and why, in a line each: of a long log people see the end. */
export default class FailedLast implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: string }[]): void {
    const first = (errors: readonly { message?: string }[] | undefined) => errors?.[0]?.message?.split('\n')[0] ?? '';
    for (const module of modules) {
      if (module.errors().length > 0) console.error(`FAILED ${module.relativeModuleId}: ${first(module.errors())}`);
      for (const test of module.children.allTests('failed')) {
        console.error(`FAILED ${module.relativeModuleId} > ${test.fullName}: ${first(test.result().errors)}`);
      }
    }
    for (const error of unhandled) console.error(`FAILED outside of a test: ${error.message}`);
  }
}
