const NEWLINE = 0x0a;

/** Takes bytes as they come, and gives lines. */
export class LineSplitter {
  readonly #longest: number;
  #rest: Uint8Array[] = [];
  #length = 0;
  #tooLong = false;

  /** @param longest bytes of a line, without its end */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Whether a line was longer than allowed. None comes after that. */
  get isTooLong(): boolean {
    return this.#tooLong;
  }

  /** @returns the lines that the bytes complete, without their ends */
  feed(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      if (this.#tooLong) return lines;
      lines.push(Buffer.concat(this.#rest).toString('utf8'));
      [this.#rest, this.#length, from] = [[], 0, end + 1];
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#longest) this.#tooLong = true;
    if (this.#tooLong) this.#rest = [];
    else if (bytes.length > 0) this.#rest.push(bytes);
  }
}
