import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DROP_REASONS } from '../../dist/pipeline/index.js';

test('the manual has a row for each reason that a packet is dropped for', () => {
  const manual = readFileSync(new URL('../../docs/pipeline.md', import.meta.url), 'utf8');
  const [, table] = manual.split('| Reason |');
  const rows = table!.split('\n\n', 1)[0]!.matchAll(/^\| `(\w+)` \|/gm);
  expect([...rows].map(([, name]) => name)).toEqual([...DROP_REASONS]);
});
