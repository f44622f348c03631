import { statSync } from 'node:fs';
import { Errno, openNamespace, XdpError } from '../sys/index.js';
import { AttachType, BPF_PROG_QUERY, BpfAttributes, bpfError } from './bpf.js';
import { allLinks, type LinkInfo } from './link-info.js';
import { programInfo } from './program-info.js';

/** A program that is attached somewhere. */
export interface AttachedProgram {
  readonly programId: number;
  /** Undefined, like the tag, when this process may not look at the program: that needs CAP_SYS_ADMIN. */
  readonly name: string | undefined;
  readonly tag: string | undefined;
  /** The link that holds it. Undefined when it was attached without one (by netlink), or without CAP_SYS_ADMIN. */
  readonly linkId: number | undefined;
}

/** A program on an interface. */
export interface InterfaceProgram extends AttachedProgram {
  readonly ifindex: number;
  readonly interface: string;
  readonly hook: 'xdp' | 'tcx' | 'netkit';
  /** Of XDP the mode, of tcx the direction, of netkit the end of the pair. Several of one place run in this order. */
  readonly place: 'native' | 'generic' | 'offloaded' | 'ingress' | 'egress' | 'primary' | 'peer';
}

/** A program among netfilter's hooks. */
export interface NetfilterProgram extends AttachedProgram {
  /** 2 for IPv4, 10 for IPv6. */
  readonly family: number;
  /** 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  readonly netfilterHook: number;
  readonly priority: number;
}

export interface Attachments {
  readonly interfaces: readonly InterfaceProgram[];
  readonly flowDissector: readonly AttachedProgram[];
  /** Of all namespaces: the kernel does not tell whose they are. */
  readonly netfilter: readonly NetfilterProgram[];
}

/** An interface as netlink shows it. */
export interface InterfaceOfInterest {
  readonly index: number;
  readonly name: string;
  readonly xdp: readonly { readonly mode: 'native' | 'generic' | 'offloaded'; readonly programId: number }[];
}

const OWN_NAMESPACE = '/proc/thread-self/ns/net';
/** BPF_MPROG_MAX in kernel/bpf/mprog.c: more programs than this can't be in one place. */
const MOST_PROGRAMS = 64;

const PLACES = [
  { hook: 'tcx', place: 'ingress', type: AttachType.tcxIngress },
  { hook: 'tcx', place: 'egress', type: AttachType.tcxEgress },
  { hook: 'netkit', place: 'primary', type: AttachType.netkitPrimary },
  { hook: 'netkit', place: 'peer', type: AttachType.netkitPeer },
] as const;

/**
 * What is attached in the calling thread's network namespace: XDP, tcx and netkit programs on interfaces, flow dissectors,
 * and netfilter programs. (Classic tc filters are netlink's to tell.) Needs CAP_NET_ADMIN; names, tags and links need
 * CAP_SYS_ADMIN.
 *
 * @param interfaces those to look at, with the XDP programs that netlink shows
 */
export function listAttachments(interfaces: Iterable<InterfaceOfInterest>): Attachments {
  const links = readableLinks();
  const attached = (programId: number, linkId: number | undefined): AttachedProgram => {
    const { name, tag } = programInfo(programId) ?? {};
    return { programId, name, tag, linkId: linkId || undefined };
  };
  const programs = [...interfaces].flatMap(({ index: ifindex, name, xdp }): InterfaceProgram[] => [
    ...xdp.map(({ mode, programId }) => ({
      ifindex,
      interface: name,
      hook: 'xdp' as const,
      place: mode,
      ...attached(programId, xdpLink(links, ifindex, programId)?.id),
    })),
    ...PLACES.flatMap(({ hook, place, type }) =>
      query(ifindex, type).map(({ programId, linkId }) => ({
        ifindex,
        interface: name,
        hook,
        place,
        ...attached(programId, linkId),
      })),
    ),
  ]);
  return {
    interfaces: programs,
    flowDissector: flowDissectors(links, attached),
    netfilter: netfilter(links, attached),
  };
}

type Attached = (programId: number, linkId: number | undefined) => AttachedProgram;

/** A link tells its interface's index, but not its namespace: the program has to agree, too. */
function xdpLink(links: readonly LinkInfo[], ifindex: number, programId: number): LinkInfo | undefined {
  return links.find(
    ({ target, programId: program }) => target.kind === 'xdp' && target.ifindex === ifindex && program === programId,
  );
}

function flowDissectors(links: readonly LinkInfo[], attached: Attached): AttachedProgram[] {
  using namespace = openNamespace(OWN_NAMESPACE);
  const { ino } = statSync(OWN_NAMESPACE);
  return query(namespace.fd, AttachType.flowDissector).map(({ programId }) => {
    const link = links.find(
      ({ target, programId: program }) =>
        target.kind === 'netns' &&
        target.namespace === ino &&
        target.hook === 'flow dissector' &&
        program === programId,
    );
    return attached(programId, link?.id);
  });
}

function netfilter(links: readonly LinkInfo[], attached: Attached): NetfilterProgram[] {
  return links.flatMap(({ id, programId, target }) => {
    if (target.kind !== 'netfilter') return [];
    const { family, hook: netfilterHook, priority } = target;
    return [{ ...attached(programId, id), family, netfilterHook, priority }];
  });
}

/** BPF_PROG_QUERY. @returns nothing where the kernel, or the interface, has no such place */
function query(target: number, type: number): { programId: number; linkId: number }[] {
  const programs = new Uint32Array(MOST_PROGRAMS);
  const links = new Uint32Array(MOST_PROGRAMS);
  const attributes = new BpfAttributes().u32(0, target).u32(4, type).pointer(16, programs).u32(24, MOST_PROGRAMS);
  // Only places for several programs know of links here; for the flow dissector the field has to be empty.
  if (type !== AttachType.flowDissector) attributes.pointer(40, links);
  const result = attributes.call(BPF_PROG_QUERY);
  if (ABSENT.has(-result)) return [];
  if (result < 0) throw bpfError('asking for attached programs', result);
  return Array.from(programs.subarray(0, attributes.readU32(24)), (programId, i) => ({
    programId,
    linkId: links[i] ?? 0,
  }));
}

/** No such place in this kernel (EINVAL), or on this interface; nothing was ever there (ENOENT); the interface went (ENODEV). */
const ABSENT: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.ENXIO, Errno.EOPNOTSUPP, Errno.ENOENT, Errno.ENODEV]);

function readableLinks(): LinkInfo[] {
  try {
    return [...allLinks()];
  } catch (error) {
    if (error instanceof XdpError && error.code === 'XDP_ERR_PERMISSION') return [];
    throw error;
  }
}
