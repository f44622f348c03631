import { defineConfig } from 'vitest/config';

/** What runs without any privilege. All else opens doors of the kernel that only root may. */
const UNPRIVILEGED = [
  'test/{ebpf,package,wire}/*.test.ts',
  'test/e2e/usage.test.ts',
  'test/netdev/{ip-text,netlink-codec,netlink-socket}.test.ts',
  'test/sys/{errors,mapping,owned-fd}.test.ts',
  'test/xsk/{flush,frames,packet,ring,twin}.test.ts',
  'test/pipeline/{bridge-plan,counters,forwarder}.test.ts',
];

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn(`not root: only tests that need no privilege run (${UNPRIVILEGED.join(' ')})`);

export default defineConfig({
  test: {
    include: isRoot ? ['test/**/*.test.ts'] : UNPRIVILEGED,
    // A crash behind the FFI then fails one file, not the run.
    pool: 'forks',
    // Tests share two cores with the data paths they start, and the kernel's global state (namespaces, the RTNL lock).
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
