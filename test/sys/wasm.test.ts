import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { patient } from '../patience.js';

test.runIf(process.arch === 'x64')('a processor without SSE4.1 is told by name, and what to do', () => {
  const url = new URL('../../dist/xsk/index.js', import.meta.url).href;
  const code = `import { TwinQueue, Umem } from '${url}'; new TwinQueue({ umem: new Umem({ frames: 8 }), size: 8 });`;
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--no-enable-sse4-1', '--input-type=module', '--eval', code],
    { encoding: 'utf8', timeout: patient(20_000) },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("XdpError: this processor can't run rings.wasm: it lacks SSE4.1");
  expect(stderr).toContain("code: 'XDP_ERR_PLATFORM'");
});
