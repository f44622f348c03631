import { LIMITS } from './limits.js';
import { Refusal } from './refusal.js';

/** What an output costs beside its characters. */
const PER_OUTPUT = 64;

/** What one line has used of its steps and of its output. */
export class Cost {
  #steps = 0;
  #output = 0;

  /** @throws Refusal */
  step(): void {
    if (++this.#steps > LIMITS.steps) throw new Refusal(`the line takes more than ${LIMITS.steps} steps`);
  }

  /** @throws Refusal */
  print(characters: number): void {
    this.#output += characters + PER_OUTPUT;
    if (this.#output > LIMITS.output) throw new Refusal(`the line prints more than ${LIMITS.output} characters`);
  }
}
