import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as unknown;
const { packages } = read('package-lock.json') as {
  packages: Record<
    string,
    { optionalDependencies?: Record<string, string>; hasInstallScript?: true; optional?: true; resolved?: string }
  >;
};
const manifest = read('package.json') as { allowScripts: Record<string, boolean> };

/**
 * `npm ci` refuses a lock file that leaves out another platform's package, and `npm install` leaves out what it could
 * not see: CONTRIBUTING.md says what to do.
 */
test('the lock file names every package of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
    ),
  );
  expect(missing).toEqual([]);
});

test('the lock file ties nobody to a registry', () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

test('package.json says of every install script whether it is run', () => {
  const scripts = Object.entries(packages).filter(
    ([, { hasInstallScript, optional }]) => hasInstallScript && !optional,
  );
  const names = scripts.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(names).toEqual(Object.keys(manifest.allowScripts));
});
