/**
 * Who may import whom: docs/architecture.md draws it, this file holds it. A folder imports only folders of lower floors;
 * folders of one floor don't import each other. A new folder takes its place here first.
 */
const FLOORS = [
  ['sys'],
  ['wire', 'ebpf'],
  ['kernel', 'netdev', 'xsk', 'rules', 'control'],
  ['device', 'object', 'faults', 'tap'],
  ['pipeline', 'generator', 'policy', 'quic'],
  ['demo', 'console'],
  ['daemon'],
  ['cli'],
];

const any = (folders) => `^src/(${folders.join('|')})/`;

/** One rule for each folder: what stands on its floor or above is out of reach. */
const floorRules = FLOORS.flatMap((floor, level) =>
  floor.map((folder) => ({
    name: `floor-of-${folder}`,
    comment: `src/${folder} stands on floor ${level} and imports only floors below it`,
    severity: 'error',
    from: { path: any([folder]) },
    to: { path: any(FLOORS.slice(level).flat()), pathNot: any([folder]) },
  })),
);

module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'folder-without-a-floor',
      comment: 'a folder under src has no floor yet: give it one in FLOORS',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: any(FLOORS.flat()) },
      to: {},
    },
    {
      name: 'through-the-index',
      comment:
        "another folder is imported through its index.js, but for what WebAssembly has in common, in wasm/lib. (Worker threads are named by URL, which isn't an import)",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/[^/]+/wasm/lib/'] },
    },
    {
      name: 'root-through-the-index',
      comment: "src/index.ts collects the folders' index.js, but not the command",
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${FLOORS.slice(0, -1).flat().join('|')})/index\\.ts$` },
    },
    {
      name: 'root-is-the-roof',
      comment: 'only the command may import src/index.ts',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/cli/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'koffi-only-in-sys',
      comment: 'src/sys is the one door to the operating system',
      severity: 'error',
      from: { pathNot: '^src/sys/' },
      to: { path: '(^|/)node_modules/koffi/|^koffi$' },
    },
    {
      name: 'commander-only-in-cli',
      comment: 'whoever uses the library shall not load the command',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '(^|/)node_modules/commander/|^commander$' },
    },
    {
      name: 'no-dev-dependency-in-src',
      comment: 'it would be missing where the package is installed',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycle',
      comment: 'modules that import each other are one module in two files',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'nobody imports it, and it imports nobody',
      severity: 'error',
      // What is compiled to WebAssembly is loaded by its URL.
      from: { orphan: true, path: '^src/', pathNot: '^src/index\\.ts$|^src/[^/]+/wasm/' },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'the import leads nowhere',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: { path: '^bench/c/' },
    // Types are dependencies too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
