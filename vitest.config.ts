import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { missingFor } from './test/needs.js';
import { patient } from './test/patience.js';

/** What runs without any privilege. All else opens doors of the kernel that only root may. */
const UNPRIVILEGED = [
  'test/{control,ebpf,faults,package,wire}/*.test.ts',
  'test/console/!(live-)*.test.ts',
  'test/rules/{compiler,compiler-fuzz,expression,expression-errors,model*,reference*,windows}.test.ts',
  'test/quic/maglev.test.ts',
  'test/e2e/usage.test.ts',
  'test/quic/{cid,cid-command,dissector}.test.ts',
  'test/netdev/{ip-text,netlink-codec,netlink-socket}.test.ts',
  'test/sys/{arena,errors,mapping,owned-fd,wasm}.test.ts',
  'test/xsk/{flush,frames,packet,ring,twin}.test.ts',
  'test/pipeline/{addressed,batch-loops,bridge-plan,counters,drop-reasons,forwarder,fragments,orphans,statistics,wall-clock}.test.ts',
];

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn(`not root: only tests that need no privilege run (${UNPRIVILEGED.join(' ')})`);

/** Files whose tools are not installed. They are named, and where all tools have to be there, they are an error. */
const leftOut = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((file) => file.endsWith('.test.ts') && missingFor(file).length > 0);
for (const file of leftOut) console.warn(`left out: ${file} (needs ${missingFor(file).join(', ')})`);
if (leftOut.length > 0) {
  if (process.env['XDPKIT_ALL_TOOLS']) throw new Error('tools are missing: npm run test:tools installs them');
  console.warn('npm run test:tools installs what is missing (Debian)');
}

export default defineConfig({
  test: {
    reporters: ['default', './test/failed-last.ts'],
    exclude: leftOut,
    include: isRoot ? ['test/**/*.test.ts'] : UNPRIVILEGED,
    // Node loads built code by itself: vite would read and rewrite each of its hundreds of files.
    server: { deps: { external: [/\/dist\//] } },
    // A crash behind the FFI then fails one file, not the run.
    pool: 'forks',
    // Tests share two cores with the data paths they start, and the kernel's global state (namespaces, the RTNL lock).
    fileParallelism: false,
    testTimeout: patient(30_000),
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: patient(10_000) } },
    hookTimeout: patient(30_000),
  },
});
