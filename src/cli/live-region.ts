import type { WriteStream } from 'node:tty';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/** Lines at the bottom of a terminal that are drawn again in place. */
export class LiveRegion {
  readonly #stream: WriteStream;
  #lines = 0;
  #last: readonly string[] = [];

  constructor(stream: WriteStream) {
    this.#stream = stream;
    stream.write(HIDE_CURSOR);
  }

  draw(lines: readonly string[]): void {
    const width = this.#stream.columns || 80;
    // A line that wraps, or a region taller than the screen, could not be found again.
    const fitting = lines.slice(0, Math.max(1, (this.#stream.rows || 24) - 1)).map((line) => clip(line, width));
    const up = this.#lines > 0 ? `\x1b[${this.#lines}A` : '';
    this.#stream.write(`${up}\r\x1b[J${fitting.join('\n')}\n`);
    this.#lines = fitting.length;
    this.#last = lines;
  }

  /** Writes the last drawing once more, whole, and leaves it where it is. Idempotent. */
  end(): void {
    if (this.#lines > 0) this.#stream.write(`\x1b[${this.#lines}A\r\x1b[J${this.#last.join('\n')}\n`);
    this.#stream.write(SHOW_CURSOR);
    this.#lines = 0;
  }
}

const ESCAPE = '\x1b';

/** The first `width` characters of a line, with its colours. */
function clip(line: string, width: number): string {
  let shown = 0;
  let text = '';
  for (let i = 0; i < line.length; i++) {
    if (line[i] === ESCAPE) {
      const end = line.indexOf('m', i);
      text += line.slice(i, end + 1);
      i = end;
    } else if (shown < width) {
      text += line[i];
      shown++;
    }
  }
  return text;
}
