import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { attachProgram, refuseTaken } from '../device/index.js';
import type { XdpLink, XdpMode, XdpProgram } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import { BpfObject, type LoadedObject, type LoadOptions } from '../object/index.js';
import { requireCapabilities, withNamespace, XdpError } from '../sys/index.js';
import { duration } from './arguments.js';
import { durationOption, forceOption, netnsOption } from './interface-options.js';
import { LiveRegion } from './live-region.js';
import { checkDumps, type Dump, dump, dumpLines, plain, setVariable } from './object-values.js';
import { printJson, printNote } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

type Assignments = Readonly<Record<string, string>>;

interface Flags {
  readonly program?: string;
  readonly mode: XdpMode | 'auto';
  readonly set: Assignments;
  readonly map: Assignments;
  readonly dump: readonly string[];
  readonly interval: number;
  readonly duration?: number;
  readonly netns?: string;
  readonly force?: true;
  readonly json?: true;
}

/** Milliseconds between two looks whether the program is still attached. */
const PRESENCE_INTERVAL = 500;

export function loadCommand(): Command {
  return new Command('load')
    .summary("run a program of one's own on an interface")
    .description(
      'Load an object file made by clang, and attach one of its XDP programs to an interface. Ctrl-C takes it off again.',
    )
    .argument('<if>', 'an interface')
    .argument('<file>', 'an object file: clang -O2 -g -target bpf -c FILE.c')
    .option('-p, --program <name>', 'the program to attach (default: the only one there is)')
    .addOption(new Option('-m, --mode <mode>', 'where it runs').choices(['native', 'generic', 'auto']).default('auto'))
    .addOption(
      new Option('-s, --set <variable=value>', 'set a global variable before loading; may be repeated')
        .argParser(assignment)
        .default({}, 'as in the file'),
    )
    .addOption(
      new Option('--map <name=path>', 'use the map pinned at this path; pin it there if there is none; may be repeated')
        .argParser(assignment)
        .default({}, 'maps of its own'),
    )
    .addOption(
      new Option('--dump <name>', 'print a map or variable again and again; may be repeated')
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], 'nothing'),
    )
    .addOption(new Option('-i, --interval <time>', 'time between two dumps').argParser(duration).default(1000, '1s'))
    .addOption(durationOption())
    .addOption(netnsOption())
    .addOption(forceOption())
    .option('--json', 'print a stream of JSON lines: start, dump…, summary')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, file: string, flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run(name, file, flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit load eth1 counter.o                        until Ctrl-C
  xdpkit load eth1 counter.o --set port=443 --dump counts
  xdpkit load eth1 filter.o -p drop_all -m generic -d 60 --json

It needs CAP_NET_ADMIN and CAP_BPF, and for programs that subtract packet pointers CAP_PERFMON (root has them all). Exit
codes: 0 ended by --duration or SIGTERM, 1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

function assignment(text: string, before: Assignments): Assignments {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...before, [name]: value };
}

async function run(name: string, file: string, flags: Flags, signal: AbortSignal): Promise<number> {
  const object = BpfObject.open(file);
  const program = chooseProgram(object, flags.program);
  for (const [variable, text] of Object.entries(flags.set)) setVariable(variableOf(object, variable), text);
  checkDumps(object, flags.dump);
  requireCapabilities('loading a program', ['CAP_NET_ADMIN', 'CAP_BPF']);
  const link = getLink(name, flags);
  // Before anything is pinned.
  refuseTaken(link, flags);
  using loaded = load(object, { programs: [program], pins: flags.map, boundTo: link.index }, flags.netns);
  const notices = [...object.notices, ...loaded.notices];
  using attached = attachProgram(loaded.program(program), link, flags, notices);

  const started = Date.now();
  if (flags.json) printJson('start', { ...describe(link, loaded, loaded.program(program), attached), notices });
  else {
    for (const notice of notices) printNote(notice);
    process.stdout.write(`${greeting(link, loaded.program(program), attached)}\n`);
  }
  await hold(loaded, attached, link, flags, signal);
  if (flags.json) printJson('summary', { seconds: (Date.now() - started) / 1000 });
  return exitCodeOf(signal);
}

/** @throws XDP_ERR_USAGE when there is no such program, or none is named and there are several */
function chooseProgram(object: BpfObject, wanted: string | undefined): string {
  const fitting = [...object.programs.values()].filter(({ attachTo }) => attachTo === 'interface');
  const names = fitting.map((program) => program.name);
  const advice = `programs for interfaces: ${names.join(', ') || 'none'}`;
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new XdpError('XDP_ERR_USAGE', `the object has no program ${wanted} for interfaces`, { advice });
  }
  const [only, another] = fitting.filter(({ optional }) => !optional);
  if (only !== undefined && another === undefined) return only.name;
  throw new XdpError(
    'XDP_ERR_USAGE',
    only ? 'the object has several programs: name one with --program' : 'the object has no program for interfaces',
    {
      advice,
    },
  );
}

function variableOf(object: BpfObject, name: string) {
  const variable = object.variables.get(name);
  if (variable !== undefined) return variable;
  throw new XdpError('XDP_ERR_USAGE', `--set ${name}: the object has no such variable`, {
    advice: `its variables: ${[...object.variables.keys()].join(', ') || 'none'}`,
  });
}

function load(object: BpfObject, options: LoadOptions, netns: string | undefined): LoadedObject {
  // A program may be bound to the interface: then its index is looked up where the calling thread is.
  return netns === undefined ? object.load(options) : withNamespace<LoadedObject>(netns, () => object.load(options));
}

function describe(link: Link, loaded: LoadedObject, program: XdpProgram, attached: XdpLink): object {
  const { id, name, tag } = program.info;
  const maps = [...loaded.maps].map(([key, { kind, info }]) => ({ name: key, id: info.id, kind }));
  return {
    interface: link.name,
    mode: attached.mode,
    program: { name: program.name, id, kernelName: name, tag },
    linkId: attached.info.id,
    maps,
  };
}

function greeting(link: Link, program: XdpProgram, attached: XdpLink): string {
  const { id, tag } = program.info;
  const what = styleText('bold', `${link.name}: ${program.name}`);
  return `${what} is attached in ${attached.mode} mode (program ${id}, tag ${tag}, link ${attached.info.id})`;
}

/** Waits for the end, and shows what is to be shown meanwhile. */
async function hold(
  loaded: LoadedObject,
  attached: XdpLink,
  link: Link,
  { dump: names, interval, duration: limit, json }: Flags,
  signal: AbortSignal,
): Promise<void> {
  const live = !json && names.length > 0 && process.stdout.isTTY ? new LiveRegion(process.stdout) : undefined;
  const show = () => {
    const dumps = names.map((name) => dump(loaded, name));
    if (json) for (const one of dumps) printJson('dump', plain(one) as Dump);
    else if (live) live.draw([...dumps.flatMap(dumpLines), '', styleText('dim', 'Ctrl-C takes the program off')]);
    else for (const line of dumps.flatMap(dumpLines)) process.stdout.write(`${line}\n`);
  };
  if (!json && !live && process.stdout.isTTY) printNote('Ctrl-C takes it off');
  const ended = new AbortController();
  const waiting = { signal: ended.signal };
  try {
    await Promise.race([
      signal.aborted || once(signal, 'abort', waiting),
      absence(attached, link, waiting),
      ...(limit === undefined ? [] : [sleep(limit, undefined, waiting)]),
      ...(names.length === 0 ? [] : [repeat(show, interval, waiting)]),
    ]);
    show();
  } finally {
    ended.abort();
    live?.end();
  }
}

async function repeat(show: () => void, interval: number, waiting: { readonly signal: AbortSignal }): Promise<never> {
  for (;;) {
    show();
    await sleep(interval, undefined, waiting);
  }
}

/** @throws XDP_ERR_INTERFACE_GONE as soon as the program is attached no more */
async function absence(attached: XdpLink, { name }: Link, waiting: { readonly signal: AbortSignal }): Promise<never> {
  for (;;) {
    await sleep(PRESENCE_INTERVAL, undefined, waiting);
    const { target } = attached.info;
    if ('ifindex' in target && target.ifindex !== 0) continue;
    throw new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away, or somebody took the program off`);
  }
}
