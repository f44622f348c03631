import { readdirSync } from 'node:fs';

/** Folders with tests that talk to the kernel. */
const FOLDERS = [
  ...['device', 'e2e', 'ebpf/differential', 'generator', 'kernel', 'netdev'],
  ...['object', 'pipeline', 'policy', 'quic', 'rules', 'sys', 'xsk'],
];

/** What is left out of them unless it is asked for: it says nothing of another kernel. CONTRIBUTING.md tells of it. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'nothing but computing': [
    'generator/{field-values,frame-writer,measuring,replay-reader,sending,traffic,tshark,values}',
    'netdev/{ip-text,netlink-codec}',
    'pipeline/{bridge-plan,counters,forwarder,fragments}',
    'quic/{cid,dissector,maglev}',
    'rules/{compiler,compiler-fuzz,expression,expression-errors,model-*,reference-*,windows}',
    'sys/{errors,owned-fd}',
    'xsk/{flush,frames,packet,ring,twin}',
  ],
  'the host’s time': ['e2e/{idle,soak}', 'policy/replace-load'],
  'the command’s words': [
    'e2e/{demo,examples,json,refusals,stop,unreachable-peer,usage}',
    'generator/commands',
    'quic/cid-command',
  ],
};

/** @param wanted parts of the paths of test files, or patterns of them with `*` and `**`; by default all that is of use */
export function testFiles(wanted: readonly string[]): string[] {
  const all = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
  if (wanted.length > 0) {
    return all.filter((file) => wanted.some((each) => file.includes(each) || patternOf(each).test(file)));
  }
  const leftOut = Object.values(LEFT_OUT)
    .flat()
    .map((names) => patternOf(`test/${names}.test.ts`));
  return all.filter(
    (file) =>
      FOLDERS.some((folder) => file.startsWith(`test/${folder}/`)) && !leftOut.some((pattern) => pattern.test(file)),
  );
}

/** Of a glob with `**`, `*` and `{a,b}`. */
function patternOf(glob: string): RegExp {
  const source = glob
    .replaceAll('.', '\\.')
    .replaceAll(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'))
    .replaceAll(/\{([^}]*)\}/g, (_, names: string) => `(${names.replaceAll(',', '|')})`);
  return new RegExp(`^${source}$`);
}
