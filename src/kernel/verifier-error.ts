import { XdpError } from '../sys/index.js';

/** The kernel refused a program. The message shows the verifier's last words; `log` has all of them. */
export class VerifierError extends XdpError {
  override readonly name: string = 'VerifierError';
  readonly log: string;

  constructor(program: string, log: string, cause: XdpError) {
    super('XDP_ERR_VERIFIER', `the kernel refused the program ${program}: ${lastWords(log)}`, { cause });
    this.log = log;
  }
}

/** The lines that tell why, without the statistics that follow them. */
function lastWords(log: string): string {
  const lines = log
    .split('\n')
    .filter((line) => line !== '' && !/^(processed |verification time|stack depth)/.test(line));
  return lines.length === 0 ? 'without a word' : lines.slice(-3).join('\n  ');
}
