import { Attributes, PayloadWriter, viewOf } from './netlink-attributes.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const RTM_GETTFILTER = 46;
/** `struct tcmsg`: u8 family, i32 interface at 4, u32 handle, u32 parent, u32 priority and protocol. */
const TCMSG_LENGTH = 20;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_NAME = 7;
const TCA_BPF_ID = 11;

/** TC_H_CLSACT with TC_H_MIN_INGRESS and TC_H_MIN_EGRESS; and what hangs on the interface's own queueing discipline. */
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3, root: 0 } as const;

/** A program that `tc filter` has put on an interface (cls_bpf). */
export interface BpfFilter {
  /** Index of the interface. */
  readonly index: number;
  /** On what comes in, on what goes out (both of the clsact discipline), or as a classifier of the root discipline. */
  readonly place: keyof typeof PARENTS;
  readonly programId: number;
  /** What tc calls it: often the file's name and the section's. */
  readonly name: string;
  /** Lower ones come first. */
  readonly priority: number;
}

/** The programs that `tc filter` has put on interfaces, in the order in which they run. Needs no privilege. */
export function listBpfFilters(indices: Iterable<number>, options: NetnsOptions = {}): BpfFilter[] {
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  return [...indices].flatMap((index) =>
    Object.entries(PARENTS).flatMap(([place, parent]) => {
      const header = new Uint8Array(TCMSG_LENGTH);
      viewOf(header).setInt32(4, index, true);
      viewOf(header).setUint32(12, parent, true);
      const request = new PayloadWriter(header).finish();
      const answers = socket.dump(`listing filters of link ${index}`, RTM_GETTFILTER, request);
      return answers.flatMap(({ payload }) => decodeFilter(payload, index, place as BpfFilter['place']));
    }),
  );
}

/** @returns nothing for filters that are none of BPF */
function decodeFilter(payload: Uint8Array, index: number, place: BpfFilter['place']): BpfFilter[] {
  const attributes = Attributes.decode(payload, TCMSG_LENGTH);
  const options = attributes.nested(TCA_OPTIONS);
  const programId = options?.u32(TCA_BPF_ID);
  if (attributes.string(TCA_KIND) !== 'bpf' || programId === undefined) return [];
  const priority = viewOf(payload).getUint32(16, true) >>> 16;
  return [{ index, place, programId, name: options?.string(TCA_BPF_NAME) ?? '', priority }];
}
