import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
};
const modules = Object.entries(manifest.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [{ name: path.replace('.', 'xdpkit'), target }],
);
/** Folders that serve the command, and nobody else. */
const PRIVATE = ['cli', 'demo'];

test('every folder with a public face is exported', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !PRIVATE.includes(entry.name))
    .map(({ name }) => `xdpkit/${name}`);
  expect(modules.map(({ name }) => name).sort()).toEqual(['xdpkit', ...folders].sort());
});

test.each(modules)('$name has code and types', async ({ name, target }) => {
  expect(Object.keys(target)).toEqual(['types', 'default']);
  expect(existsSync(join(root, target.types))).toBe(true);
  const names = Object.keys((await import(name)) as object);
  expect(names).not.toEqual([]);
  expect(names).not.toContain('default');
});

test('nothing else can be reached', async () => {
  const inside = 'xdpkit/dist/sys/calls.js';
  await expect(import(inside)).rejects.toThrow(/not (defined by|exported)|Missing/);
});

test('a user who checks the types of libraries finds them sound', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-types-'));
  try {
    mkdirSync(join(directory, 'node_modules/@types'), { recursive: true });
    symlinkSync(root, join(directory, 'node_modules/xdpkit'));
    symlinkSync(join(root, 'node_modules/@types/node'), join(directory, 'node_modules/@types/node'));
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(directory, 'use.ts'),
      modules.map(({ name }, i) => `import * as m${i} from '${name}';\nexport const u${i} = m${i};\n`).join(''),
    );
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--types', 'node', '--noEmit'];
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = spawnSync(
      tsc,
      [...options, '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', 'use.ts'],
      {
        cwd: directory,
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('');
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 180_000);

test('the command can be run as it is', () => {
  const command = join(root, manifest.bin['xdpkit']!);
  expect(statSync(command).mode & 0o111).toBe(0o111);
  expect(readFileSync(command, 'utf8').split('\n', 1)).toEqual(['#!/usr/bin/env node']);
});

test('the package holds what it needs, and nothing of the tests', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'package.json',
      'docs/errors.md',
      'docs/privileges.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'dist/pipeline/worker.js',
      'schema/rules.schema.json',
      'src/index.ts',
    ]),
  );
  const foreign = paths.filter(
    (path) => !/^(dist|src|docs|schema|systemd)\/|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/.test(path),
  );
  expect(foreign).toEqual([]);
});
