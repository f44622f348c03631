import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A crash behind the FFI then fails one file, not the run.
    pool: 'forks',
    // Tests share two cores with the data paths they start, and the kernel's global state (namespaces, the RTNL lock).
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
