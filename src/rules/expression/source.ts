import { XdpError } from '../../sys/index.js';

/** The text of an expression, for errors that point into it. */
export class Source {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** @param at where in the text, from 0 */
  fail(at: number, problem: string): never {
    const line = this.text.replace(/\s/g, ' ');
    throw new XdpError('XDP_ERR_EXPRESSION', `column ${at + 1} of the expression: ${problem}`, {
      advice: `${line}\n${' '.repeat(at)}^`,
    });
  }
}
