import { existsSync, readdirSync } from 'node:fs';
import { bpffs } from './bpffs.js';
import { PinFolder } from './pin-folder.js';

/**
 * Objects that are pinned together under a name, in the directory `xdpkit-KIND/NAME` of the bpffs: what belongs to no interface, such
 * as a steering. Needs CAP_SYS_ADMIN, or a bpffs that others may write to.
 */
export class NamedPins extends PinFolder {
  readonly name: string;

  private constructor(root: string, name: string) {
    super(`${root}/${name}`);
    this.name = name;
  }

  /**
   * @param kind what is pinned there, one word
   * @throws RangeError for a name that is not letters, digits, dashes and underscores; as {@link bpffs}
   */
  static of(kind: string, name: string): NamedPins {
    if (!/^[A-Za-z0-9_-]+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} can't be the name of pins`);
    return new NamedPins(rootOf(kind), name);
  }

  /** All of a kind that are there. */
  static all(kind: string): NamedPins[] {
    const root = rootOf(kind);
    return existsSync(root) ? readdirSync(root).map((name) => new NamedPins(root, name)) : [];
  }
}

const rootOf = (kind: string): string => `${bpffs()}/xdpkit-${kind}`;
