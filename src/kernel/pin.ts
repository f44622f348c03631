import { readLinkInfo } from './link-info.js';
import { type ObjectKind, objectInfo, openPin } from './object.js';

/** A name in a bpffs, and what it stands for. */
export interface Pin {
  readonly name: string;
  readonly path: string;
  readonly kind: ObjectKind;
  readonly id: number;
  /** For a link whether its program is attached: not when its interface is gone, or somebody has detached it. */
  readonly attached?: boolean;
}

/** Of a link, whatever it attaches to: `false` once there is nothing there any more. */
function isAttached(fd: number): boolean {
  const { target } = readLinkInfo(fd);
  if ('ifindex' in target) return target.ifindex !== 0;
  return target.kind !== 'netns' || target.namespace !== 0;
}

/** What a pin stands for. */
export function readPin(name: string, path: string): Pin {
  const { kind, handle } = openPin(path);
  try {
    // Type and id stand first in what is told of every kind.
    const id = objectInfo(handle.fd, 8).readUInt32LE(4);
    return { name, path, kind, id, ...(kind === 'link' && { attached: isAttached(handle.fd) }) };
  } finally {
    handle.close();
  }
}
