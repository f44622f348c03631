import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cruiser = join(root, 'node_modules/.bin/depcruise');
const config = join(root, '.dependency-cruiser.cjs');

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** What breaks a rule below `directory`, as `file: rule`, sorted. */
function violations(directory: string, folders: string[]): string[] {
  const { stdout, stderr } = spawnSync(cruiser, ['--config', config, '--output-type', 'json', ...folders], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe('');
  const { summary } = JSON.parse(stdout) as { summary: { totalCruised: number; violations: Violation[] } };
  expect(summary.totalCruised).toBeGreaterThan(0);
  return [...new Set(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`))].sort();
}

/** Cruises a source tree made up of these files: name to content. */
function violationsOf(files: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-floors-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return violations(directory, ['src']);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const face = "export { thing } from './thing.js';\n";
const thing = 'export const thing = 1;\n';
/** A sound tree; each test adds what breaks it. */
const sound = {
  'package.json': JSON.stringify({
    type: 'module',
    dependencies: { koffi: '1', commander: '1' },
    devDependencies: { vitest: '1' },
  }),
  ...Object.fromEntries(
    ['koffi', 'commander', 'vitest'].flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
      [`node_modules/${name}/index.js`, 'module.exports = {};\n'],
    ]),
  ),
  ...Object.fromEntries(
    ['sys', 'wire', 'ebpf', 'kernel', 'netdev', 'xsk', 'device', 'pipeline', 'cli'].flatMap((folder) => [
      [`src/${folder}/index.ts`, face],
      [`src/${folder}/thing.ts`, thing],
    ]),
  ),
  'src/index.ts': "export { thing } from './pipeline/index.js';\n",
  'src/sys/door.ts': "import koffi from 'koffi';\nexport const door = koffi;\n",
  'src/xsk/parse.ts': "import { thing } from '../wire/index.js';\nexport const parse = thing;\n",
  'src/cli/main.ts': "import 'commander';\nimport { thing } from '../index.js';\nexport const main = thing;\n",
};
const uses = (module: string) => `import { thing } from '${module}';\nexport const use = thing;\n`;

test('the package keeps to its floors', () => {
  expect(violations(root, ['src', 'test', 'bench'])).toEqual([]);
});

test('what keeps to the floors is let through', () => {
  expect(violationsOf(sound)).toEqual([]);
});

test('every breach is found', () => {
  // A cycle is told of once, by one of its files.
  const breaches: Record<string, [content: string, ...rules: string[]]> = {
    'src/sys/up.ts': [uses('../wire/index.js'), 'floor-of-sys'],
    'src/wire/up.ts': [uses('../xsk/index.js'), 'floor-of-wire'],
    'src/ebpf/beside.ts': [uses('../wire/index.js'), 'floor-of-ebpf'],
    'src/xsk/beside.ts': [uses('../kernel/index.js'), 'floor-of-xsk'],
    'src/kernel/beside.ts': [uses('../netdev/index.js'), 'floor-of-kernel'],
    'src/netdev/types.ts': [
      "import type { thing } from '../device/index.js';\nexport type T = typeof thing;\n",
      'floor-of-netdev',
    ],
    'src/device/up.ts': [uses('../pipeline/index.js'), 'floor-of-device'],
    'src/pipeline/up.ts': [uses('../cli/index.js'), 'floor-of-pipeline'],
    'src/pipeline/roof.ts': [uses('../index.js'), 'root-is-the-roof'],
    'src/pipeline/past.ts': [uses('../xsk/thing.js'), 'through-the-index'],
    'src/pipeline/ffi.ts': ["import koffi from 'koffi';\nexport const ffi = koffi;\n", 'koffi-only-in-sys'],
    'src/pipeline/words.ts': [
      "import * as words from 'commander';\nexport const w = words;\n",
      'commander-only-in-cli',
    ],
    'src/pipeline/tool.ts': ["import * as tool from 'vitest';\nexport const t = tool;\n", 'no-dev-dependency-in-src'],
    'src/pipeline/nowhere.ts': [uses('./missing.js'), 'resolvable'],
    'src/pipeline/alone.ts': ['export const alone = 1;\n', 'no-orphan'],
    'src/pipeline/one.ts': ["import { two } from './two.js';\nexport const one = () => two;\n", 'no-cycle'],
    'src/pipeline/two.ts': ["import { one } from './one.js';\nexport const two = () => one;\n"],
    'src/helpers/index.ts': [uses('../sys/index.js'), 'folder-without-a-floor'],
    'src/index.ts': ["export { thing } from './cli/index.js';\n", 'root-through-the-index'],
  };
  const files = Object.fromEntries(Object.entries(breaches).map(([name, [content]]) => [name, content]));
  const expected = Object.entries(breaches).flatMap(([name, [, ...rules]]) => rules.map((rule) => `${name}: ${rule}`));
  expect(violationsOf({ ...sound, ...files })).toEqual(expected.sort());
});
