/** Events between who tells them and who takes them; either may be ahead of the other. */
export class EventQueue<T> {
  readonly #events: T[] = [];
  readonly #waiting: Waiting<T>[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  push(event: T): void {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting.resolve({ done: false, value: event });
  }

  /** The next event, when there is one; what was told before a failure comes before it. */
  next(): Promise<IteratorResult<T>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#ended) return Promise.resolve(END);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** No more events; those that nobody took are gone. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#events.length = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve(END);
  }

  /** No more events, for a reason that whoever asks for the next one hears. */
  fail(error: unknown): void {
    this.#ended = true;
    this.#failure = { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

interface Waiting<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

export const END: IteratorReturnResult<undefined> = { done: true, value: undefined };
