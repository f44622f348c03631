import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Quiche } from '@matrixai/quic/native/quiche.js';

/**
 * quiche, for the calling thread alone. The binding (2.0.9) keeps process-wide state: loaded by several threads, it gives what
 * one of them has dropped to another one to free, and the process crashes. A copy of the library under a name of its own has state
 * of its own.
 */
export function loadOwnQuiche(): Quiche {
  // The library is a dependency of the package, not of this file.
  const require = createRequire(createRequire(import.meta.url).resolve('@matrixai/quic/package.json'));
  const library = require.resolve(`@matrixai/quic-${process.platform}-${process.arch}`);
  const folder = mkdtempSync(join(tmpdir(), 'quiche-'));
  try {
    const copy = join(folder, 'quiche.node');
    copyFileSync(library, copy);
    return require(copy) as Quiche;
  } finally {
    // The library stays loaded without its file.
    rmSync(folder, { recursive: true });
  }
}
