/** What a keeper does: at work, having a nap between two turns of work, or asleep because nothing moves. */
const AWAKE = 0;
const NAPPING = 1;
const ASLEEP = 2;

/** Frames that have to have moved before a nap is cut short for them. */
const WORTH_WAKING = 256;
/** Milliseconds. */
const NAP = 1;
const SLEEP = 20;
/** Words: the keeper's state, and whether it shall end. */
const STATE = 0;
const STOPPED = 1;

/** Between a keeper and all who bring it work: they wake it when it is worth the call. In shared memory. */
export class Bell {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Frames moved by this side since it last woke the keeper. */
  #unheard = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Tells that so many frames are there for the keeper. A nap ends soon enough for a few; from its sleep it is woken. */
  tell(frames: number): void {
    this.#unheard += frames;
    const state = Atomics.load(this.#words, STATE);
    if (state === AWAKE || (state === NAPPING && this.#unheard < WORTH_WAKING)) return;
    this.#unheard = 0;
    this.#wake();
  }

  /** Has the keeper end. */
  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
    this.#wake();
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOPPED) !== 0;
  }

  /** The keeper's: rests for some time between two turns. */
  nap(): void {
    this.#rest(NAPPING, NAP);
  }

  /**
   * The keeper's: says that it is about to sleep. It then has one more look for work, which nobody would wake it for, and
   * {@link sleep}s.
   */
  lieDown(): void {
    Atomics.store(this.#words, STATE, ASLEEP);
  }

  sleep(): void {
    this.#rest(ASLEEP, SLEEP);
  }

  #rest(state: number, milliseconds: number): void {
    if (state === NAPPING) Atomics.store(this.#words, STATE, state);
    if (!this.isStopped) Atomics.wait(this.#words, STATE, state, milliseconds);
    Atomics.store(this.#words, STATE, AWAKE);
  }

  #wake(): void {
    Atomics.store(this.#words, STATE, AWAKE);
    Atomics.notify(this.#words, STATE);
  }
}
