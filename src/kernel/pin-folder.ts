import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { type Pin, readPin } from './pin.js';

/** What is taken away first: a link that is gone detaches its program while its maps are still there. */
const ORDER: readonly Pin['kind'][] = ['link', 'program', 'map'];

/** A directory of a bpffs with pins that belong together. It may not be there yet. */
export abstract class PinFolder {
  readonly path: string;

  protected constructor(path: string) {
    this.path = path;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Makes the directory if it is not there. */
  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** The path to pin something at. @throws RangeError for a name that a bpffs can't have: a dot is reserved there */
  pathOf(name: string): string {
    if (!/^[^./]+$/.test(name)) throw new RangeError(`${JSON.stringify(name)} can't be the name of a pin`);
    return `${this.path}/${name}`;
  }

  /** What is pinned here, by name; nothing if the directory is not there. */
  pins(): Pin[] {
    if (!this.exists) return [];
    return readdirSync(this.path)
      .sort()
      .map((name) => readPin(name, `${this.path}/${name}`));
  }

  /** Takes the pins away, links first, and the directory. What nobody else holds ends by that. Idempotent. */
  remove(): void {
    if (!this.exists) return;
    const rank = ({ kind }: Pin) => ORDER.indexOf(kind);
    for (const { path } of this.pins().sort((a, b) => rank(a) - rank(b))) unlinkSync(path);
    rmdirSync(this.path);
  }
}
