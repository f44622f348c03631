import { styleText } from 'node:util';
import { Command } from 'commander';
import { type AttachedProgram, type Attachments, allPins, listAttachments, programInfo } from '../kernel/index.js';
import { getLink, type Link, listBpfFilters, listLinks } from '../netdev/index.js';
import { withNamespace } from '../sys/index.js';
import { printJson } from './output.js';

interface Flags {
  readonly netns?: string;
  readonly json?: true;
}

/** A program, and where it is pinned: it, or its link. */
interface ShownProgram extends AttachedProgram {
  readonly pinned: readonly string[];
}

/** A program on an interface. */
interface Attached extends ShownProgram {
  readonly hook: 'xdp' | 'tcx' | 'netkit' | 'tc';
  readonly place: string;
  /** What tc calls it. */
  readonly filter?: string;
}

export function linksCommand(): Command {
  return new Command('links')
    .summary('show interfaces and the programs on them')
    .description(
      'Show interfaces and what is attached to them: XDP programs, and those of tc, tcx and netkit; then what is attached ' +
        'to the namespace: flow dissectors and netfilter programs.',
    )
    .argument('[if...]', 'only these interfaces, by name')
    .option('--netns <name>', 'network namespace to look into, by name or path')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((names: string[], flags: Flags) => show(names, flags));
}

const EXAMPLES = `
Examples:
  xdpkit links                    all interfaces
  xdpkit links eth1 --json        one of them, for programs

It needs CAP_NET_ADMIN; names, tags, links and pins of programs are shown only with CAP_SYS_ADMIN (root has both).`;

function show(names: readonly string[], { netns, json }: Flags): void {
  const links = names.length === 0 ? listLinks({ netns }) : names.map((name) => getLink(name, { netns }));
  // The kernel tells of the namespace of the thread that asks.
  const ask = () => listAttachments(links);
  const attachments = netns === undefined ? ask() : withNamespace<Attachments>(netns, ask);
  const withPins = pinFinder();
  const interfaces = links.map((link) => ({ link, attached: attachedTo(link, attachments, netns, withPins) }));
  const flowDissectors = names.length === 0 ? attachments.flowDissector.map(withPins) : [];
  const netfilter = names.length === 0 ? attachments.netfilter.map(withPins) : [];
  if (json) {
    printJson('links', {
      interfaces: interfaces.map(({ link, attached }) => ({ ...describe(link), attached })),
      flowDissectors,
      netfilter,
    });
    return;
  }
  const rows = interfaces.flatMap(({ link, attached }) => rowsOf(link, attached));
  const other = [
    ...flowDissectors.map((program) => ['', '', 'flow dissector', ...cellsOf(program)]),
    ...netfilter.map((program) => ['', '', `netfilter ${program.netfilterHook}`, ...cellsOf(program)]),
  ];
  for (const line of table([...rows, ...other])) process.stdout.write(`${line}\n`);
}

function attachedTo(
  link: Link,
  { interfaces }: Attachments,
  netns: string | undefined,
  withPins: <P extends AttachedProgram>(program: P) => P & ShownProgram,
): Attached[] {
  const own = interfaces
    .filter(({ ifindex }) => ifindex === link.index)
    .map(({ ifindex: _, interface: _name, ...program }) => withPins(program));
  const filters = listBpfFilters([link.index], { netns }).map(({ place, programId, name: filter }) => {
    const { name, tag } = programInfo(programId) ?? {};
    return withPins({ hook: 'tc' as const, place, programId, name, tag, linkId: undefined, filter });
  });
  return [...own, ...filters];
}

/** Adds to a program the paths where it, or its link, is pinned. */
function pinFinder(): <P extends AttachedProgram>(program: P) => P & ShownProgram {
  const pins = [...allPins()];
  return (program) => {
    const isIts = ({ kind, id }: (typeof pins)[number]) =>
      (kind === 'link' && id === program.linkId) || (kind === 'program' && id === program.programId);
    return { ...program, pinned: pins.filter(isIts).map(({ path }) => path) };
  };
}

const describe = ({ index, name, kind, driver, mac, mtu, up, carrier, state, queues }: Link) => ({
  index,
  name,
  kind,
  driver,
  mac,
  mtu,
  up,
  carrier,
  state,
  queues,
});

const TITLES = ['interface', 'state', 'attached at', 'id', 'program', 'tag', 'link', 'pinned'];
const NUMBERS = new Set(['id', 'link']);

function rowsOf(link: Link, attached: readonly Attached[]): string[][] {
  const { name, state, up } = link;
  const shown = state === 'unknown' && up ? 'up' : state;
  if (attached.length === 0) return [[name, shown, '-', '', '', '', '', '']];
  return attached.map((program, i) => [
    i === 0 ? name : '',
    i === 0 ? shown : '',
    `${program.hook} ${program.place}`,
    ...cellsOf(program),
  ]);
}

const cellsOf = ({ programId, name, tag, linkId, pinned }: ShownProgram): string[] => [
  String(programId),
  name || '?',
  tag ?? '',
  linkId === undefined ? '' : String(linkId),
  pinned.join(' '),
];

function table(rows: readonly string[][]): string[] {
  const widths = TITLES.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (NUMBERS.has(TITLES[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [styleText('bold', line(TITLES)), ...rows.map(line)];
}
