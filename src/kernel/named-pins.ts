import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { bpffs } from './bpffs.js';
import { type Pin, readPin } from './pins.js';

/**
 * Objects that are pinned together under a name, in the directory `xdpkit-KIND/NAME` of the bpffs: what belongs to no interface, such
 * as a steering. Needs CAP_SYS_ADMIN, or a bpffs that others may write to.
 */
export class NamedPins {
  readonly name: string;
  readonly path: string;

  private constructor(root: string, name: string) {
    this.name = name;
    this.path = `${root}/${name}`;
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

  get exists(): boolean {
    return existsSync(this.path);
  }

  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** The path to pin something at. A dot is reserved in a bpffs. */
  pathOf(object: string): string {
    return `${this.path}/${object}`;
  }

  /** Nothing if the directory is not there. */
  pins(): Pin[] {
    if (!this.exists) return [];
    return readdirSync(this.path).map((name) => readPin(name, this.pathOf(name)));
  }

  /** Takes the pins and the directory away. What nobody else holds ends by that. Idempotent. */
  remove(): void {
    if (!this.exists) return;
    for (const name of readdirSync(this.path)) unlinkSync(this.pathOf(name));
    rmdirSync(this.path);
  }
}

const rootOf = (kind: string): string => `${bpffs()}/xdpkit-${kind}`;
