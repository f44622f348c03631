import type { Item } from './item.js';
import { LIMITS } from './limits.js';
import { Refusal } from './refusal.js';

/** The items, in frames: a word sees only those of the innermost frame. */
export class Stack {
  #frames: Item[][] = [[]];
  #depth = 0;

  /** All frames, the innermost last; in each the top item last. */
  get frames(): readonly (readonly Item[])[] {
    return this.#frames;
  }

  /** @throws Refusal when the item is too long, or the stack full */
  push(item: Item): void {
    if (item.size > LIMITS.item) throw new Refusal(`an item may have at most ${LIMITS.item} bytes`);
    if (this.#depth >= LIMITS.stack) throw new Refusal(`the stack holds at most ${LIMITS.stack} items`);
    this.#frames.at(-1)!.push(item);
    this.#depth++;
  }

  /** Takes the top item of the innermost frame, if it has one. */
  pop(): Item | undefined {
    const item = this.#frames.at(-1)!.pop();
    if (item !== undefined) this.#depth--;
    return item;
  }

  /** @throws Refusal when too many are open */
  openFrame(): void {
    if (this.#frames.length > LIMITS.frames) throw new Refusal(`at most ${LIMITS.frames} frames may be open`);
    this.#frames.push([]);
  }

  /** Closes the innermost frame; what it holds goes to the frame around it. @throws Refusal when none is open */
  closeFrame(): void {
    if (this.#frames.length === 1) throw new Refusal('no frame is open');
    const inner = this.#frames.pop()!;
    for (const item of inner) this.#frames.at(-1)!.push(item);
  }

  /** Drops all items and frames. */
  clear(): void {
    this.#frames = [[]];
    this.#depth = 0;
  }

  /** @returns what puts everything back as it is now */
  mark(): () => void {
    const frames = this.#frames.map((frame) => [...frame]);
    const depth = this.#depth;
    return () => {
      this.#frames = frames;
      this.#depth = depth;
    };
  }
}
