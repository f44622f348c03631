import { programInfo, XdpLink, type XdpMode, type XdpProgram } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import { withNamespace, XdpError } from '../sys/index.js';
import { refuseProtected } from './protection.js';

export interface AttachOptions {
  /** Where the program runs. `auto` (default): native where the driver can, otherwise generic. */
  readonly mode?: XdpMode | 'auto' | undefined;
  /** Take an interface although it carries the default route or this session. Default false. */
  readonly force?: boolean | undefined;
  /** Network namespace, by name or path, that the interface is in. Default: the caller's. */
  readonly netns?: string | undefined;
}

/**
 * Attaches a program of one's own to an interface, as carefully as `Device` does it with xdpkit's: a program of somebody
 * else stays, and an interface that somebody would miss is refused. Takes some 10 ms.
 *
 * @param notices gets a sentence when the program runs in generic mode because there is no native one
 * @throws XDP_ERR_FOREIGN_PROGRAM, XDP_ERR_PROTECTED, XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_MTU, XDP_ERR_NO_INTERFACE,
 *   XDP_ERR_PERMISSION
 */
export function attachProgram(
  program: XdpProgram,
  link: Link,
  options: AttachOptions = {},
  notices: string[] = [],
): XdpLink {
  refuseTaken(link, options);
  return attach(program, link, options, notices);
}

/** Refuses an interface that has a program already, or that should be left alone. */
export function refuseTaken(link: Link, { force, netns }: AttachOptions): void {
  refuseForeign(link);
  if (!force) refuseProtected(link, { netns });
}

/** Names the program that is in the way. It is never replaced, nor taken off. */
function refuseForeign(link: Link, cause?: unknown): void {
  const [attachment] = link.xdp;
  if (attachment === undefined) return;
  const { mode, programId } = attachment;
  const known = programInfo(programId)?.name;
  throw new XdpError(
    'XDP_ERR_FOREIGN_PROGRAM',
    `the XDP program ${known ? `${known} (id ${programId})` : `with id ${programId}`} is already attached to ${link.name} in ${mode} mode`,
    { cause, advice: `end the program that holds it, or take it off: ip link set dev ${link.name} ${OFF[mode]} off` },
  );
}
const OFF = { native: 'xdpdrv', generic: 'xdpgeneric', offloaded: 'xdpoffload' };

/** Attaches without looking first whether that is wise. */
export function attach(program: XdpProgram, link: Link, options: AttachOptions, notices: string[]): XdpLink {
  const { mode = 'auto', netns } = options;
  // bpf(2) looks the interface up in the namespace of the calling thread.
  const inPlace = (wanted: XdpMode) => {
    const run = () => XdpLink.attach(program, link, wanted);
    return netns === undefined ? run() : withNamespace<XdpLink>(netns, run);
  };
  try {
    return inPlace(mode === 'auto' ? 'native' : mode);
  } catch (error) {
    if (!(error instanceof XdpError)) throw error;
    // Somebody may have been quicker than we since the check: then its name is to be had now.
    if (error.code === 'XDP_ERR_FOREIGN_PROGRAM') refuseForeign(getLink(link.index, { netns }), error);
    // BPF_LINK_CREATE says EINVAL for an interface that has gone away meanwhile; getLink says so.
    if (error.code === 'XDP_ERR_SYSTEM') getLink(link.index, { netns });
    if (error.code !== 'XDP_ERR_NATIVE_UNSUPPORTED' || mode !== 'auto') throw error;
    notices.push(`${link.name}: ${error.message}; its program runs in generic mode, which is slower`);
    return inPlace('generic');
  }
}
