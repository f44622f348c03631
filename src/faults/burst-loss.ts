import { Chance } from './chance.js';

/** Settings in 1/100000. */
const UNIT = 100_000;

/**
 * Loss in bursts after Gilbert and Elliott: a good and a bad state, each with a loss of its own. A packet is lost by the
 * state it finds, and may then change it, as in tc-netem's `loss gemodel` (loss_gilb_ell in net/sched/sch_netem.c).
 */
export class BurstLoss {
  readonly #toBad = new Chance();
  readonly #toGood = new Chance();
  readonly #inGood = new Chance();
  readonly #inBad = new Chance();
  #isBad = false;

  /** Begins other streams, in the good state. */
  seed(first: number, second: number, third: number, fourth: number): void {
    const chances = [this.#toBad, this.#toGood, this.#inGood, this.#inBad];
    for (const [i, chance] of chances.entries()) chance.seed(first, second, third, fourth + i);
    this.#isBad = false;
  }

  /**
   * @param toBad probability that a packet in the good state is followed by the bad one, in 1/100000; `toGood` the other way
   * @param inGood loss in the good state, `inBad` in the bad one
   */
  set(toBad: number, toGood: number, inGood: number, inBad: number): void {
    this.#toBad.set(toBad, UNIT);
    this.#toGood.set(toGood, UNIT);
    this.#inGood.set(inGood, UNIT);
    this.#inBad.set(inBad, UNIT);
    // A state that is never entered is left, lest a bad one stay for good.
    if (toBad === 0) this.#isBad = false;
  }

  get isPossible(): boolean {
    return this.#inGood.isPossible || (this.#toBad.isPossible && this.#inBad.isPossible);
  }

  /**
   * Goes through `count` packets. @param lost gets the places of those that are lost, in order @returns how many
   */
  judge(count: number, lost: Int32Array): number {
    let losses = 0;
    for (let from = 0; from < count; ) {
      const leave = this.#isBad ? this.#toGood : this.#toBad;
      const loss = this.#isBad ? this.#inBad : this.#inGood;
      // As far as this state goes, the packet that changes it included.
      const changes = leave.skip < count - from;
      const stay = changes ? leave.skip + 1 : count - from;
      let at = loss.skip;
      for (; at < stay; at += loss.again()) lost[losses++] = from + at;
      loss.skip = at - stay;
      if (changes) {
        this.#isBad = !this.#isBad;
        leave.skip = leave.again() - 1;
      } else leave.skip -= stay;
      from += stay;
    }
    return losses;
  }
}
