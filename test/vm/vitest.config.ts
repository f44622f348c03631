import { defineConfig } from 'vitest/config';

/** The host's part of the traffic tests: temp/vm/main.js runs it beside a guest. */
export default defineConfig({
  test: {
    include: ['test/vm/*.vm.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
