import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { XdpError } from '../sys/index.js';

/** What is used of esbuild. */
interface Esbuild {
  build(options: object): Promise<unknown>;
}

/**
 * The module of a packet callback, for the workers to load. TypeScript is loaded as it is where Node strips types (22.18), and
 * translated where esbuild is installed beside the file or here.
 *
 * @throws XDP_ERR_USAGE for TypeScript that neither can be done with, and what esbuild finds wrong
 */
export async function callbackModule(file: string): Promise<URL> {
  const path = resolve(file);
  const url = pathToFileURL(path);
  const strips = Boolean((process.features as { typescript?: string | false }).typescript);
  if (!/\.[cm]?ts$/.test(path) || strips) return url;
  const esbuild = await findEsbuild(path);
  if (esbuild === undefined) {
    throw new XdpError('XDP_ERR_USAGE', `${file} is TypeScript, which Node ${process.versions.node} can't load`, {
      advice: 'install esbuild beside it (npm install esbuild), use Node 22.18 or later, or translate it to JavaScript',
    });
  }
  const outfile = join(mkdtempSync(join(tmpdir(), 'xdpkit-callback-')), 'callback.mjs');
  try {
    await esbuild.build({
      entryPoints: [path],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
  } catch (cause) {
    throw new XdpError('XDP_ERR_USAGE', `${file} can't be translated: ${(cause as Error).message}`, { cause });
  }
  return pathToFileURL(outfile);
}

async function findEsbuild(beside: string): Promise<Esbuild | undefined> {
  for (const place of [beside, import.meta.url]) {
    try {
      return (await import(pathToFileURL(createRequire(place).resolve('esbuild')).href)) as Esbuild;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
