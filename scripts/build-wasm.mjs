/**
 * Compiles the loops of src/<folder>/wasm, which are in AssemblyScript, to WebAssembly in dist; wasm/lib has what several of them
 * need. They import the memory that they work in, and keep nothing of their own there.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const SETTINGS = [
  ['--runtime', 'stub'],
  ['--importMemory', '--sharedMemory', '--noExportMemory'],
  ['--initialMemory', '1', '--maximumMemory', '65536'],
  ['--enable', 'threads', '--enable', 'simd'],
  ['-O3', '--noAssert', '--converge'],
].flat();

const sources = readdirSync('src', { recursive: true }).filter((path) => /\/wasm\/[^/]+\.ts$/.test(path));
for (const source of sources) {
  const target = `dist/${source.replace(/ts$/, 'wasm')}`;
  const { error, stderr } = await asc.main([`src/${source}`, '--outFile', target, ...SETTINGS], {
    writeFile(_name, contents, base) {
      mkdirSync(`${base}/${target.slice(0, target.lastIndexOf('/'))}`, { recursive: true });
      writeFileSync(`${base}/${target}`, contents);
    },
  });
  if (error === null) continue;
  console.error(stderr.toString());
  process.exit(1);
}
