import { AttachType } from './bpf.js';
import { objectIds, objectInfo, openById } from './object.js';

/** What a link attaches its program to. */
export type LinkTarget =
  /** `ifindex` 0: the interface is gone, or the link was detached. The index counts in the interface's own namespace. */
  | { readonly kind: 'xdp'; readonly ifindex: number }
  | { readonly kind: 'tcx'; readonly ifindex: number; readonly hook: 'ingress' | 'egress' }
  | { readonly kind: 'netkit'; readonly ifindex: number; readonly hook: 'primary' | 'peer' }
  /** `namespace` is the number that `lsns` and /proc/PID/ns/net show; 0 when it has ended. */
  | { readonly kind: 'netns'; readonly namespace: number; readonly hook: 'flow dissector' | 'socket lookup' }
  | {
      readonly kind: 'netfilter';
      /** 2 for IPv4, 10 for IPv6 (NFPROTO_…). */
      readonly family: number;
      /** enum nf_inet_hooks: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
      readonly hook: number;
      readonly priority: number;
    }
  /** Something that is not of networking; `type` is enum bpf_link_type. */
  | { readonly kind: 'other'; readonly type: number };

/** What the kernel says of a link. */
export interface LinkInfo {
  readonly id: number;
  readonly programId: number;
  readonly target: LinkTarget;
}

/** enum bpf_link_type */
const LinkType = { netns: 5, xdp: 6, netfilter: 10, tcx: 11, netkit: 13 } as const;

export function readLinkInfo(fd: number): LinkInfo {
  // struct bpf_link_info: u32 type, id, prog_id; at 16 a union
  const info = objectInfo(fd, 40);
  return { id: info.readUInt32LE(4), programId: info.readUInt32LE(8), target: targetOf(info) };
}

function targetOf(info: Buffer): LinkTarget {
  const type = info.readUInt32LE(0);
  const first = info.readUInt32LE(16);
  const second = info.readUInt32LE(20);
  switch (type) {
    case LinkType.xdp:
      return { kind: 'xdp', ifindex: first };
    case LinkType.tcx:
      return { kind: 'tcx', ifindex: first, hook: second === AttachType.tcxIngress ? 'ingress' : 'egress' };
    case LinkType.netkit:
      return { kind: 'netkit', ifindex: first, hook: second === AttachType.netkitPrimary ? 'primary' : 'peer' };
    case LinkType.netns:
      return {
        kind: 'netns',
        namespace: first,
        hook: second === AttachType.flowDissector ? 'flow dissector' : 'socket lookup',
      };
    case LinkType.netfilter:
      return { kind: 'netfilter', family: first, hook: second, priority: info.readInt32LE(24) };
    default:
      return { kind: 'other', type };
  }
}

/** All links in the kernel, in all namespaces. Needs CAP_SYS_ADMIN; Linux 5.8. */
export function* allLinks(): Generator<LinkInfo> {
  for (const id of objectIds('link')) {
    using handle = openById('link', id);
    if (handle) yield readLinkInfo(handle.fd);
  }
}
