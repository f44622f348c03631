import { styleText } from 'node:util';
import { XdpError } from '../sys/index.js';

/** Version of everything printed with `--json`; it changes when a field changes its meaning or goes away. */
const JSON_VERSION = 1;

/** One line of JSON on standard output. */
export function printJson(type: string, data: object): void {
  process.stdout.write(`${JSON.stringify({ version: JSON_VERSION, type, ...data })}\n`);
}

/** Chatter goes to standard error, so that standard output holds data only. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Tells an error in one or two lines, or as JSON. @returns the exit code */
export function printError(error: unknown, json: boolean): number {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof XdpError ? error : new XdpError('XDP_ERR_INTERNAL', message, { cause: error });
  if (json) printJson('error', known.toJSON());
  else {
    printNote(`${styleText('red', 'error:', { stream: process.stderr })} ${message} [${known.code}]`);
    if (known.advice !== undefined) printNote(`  ${known.advice}`);
  }
  // What nobody foresaw is a bug: then the stack is worth more than a short message.
  const wanted = known !== error || process.env['NODE_DEBUG']?.split(',').includes('xdp');
  if (wanted && error instanceof Error) printNote(error.stack ?? '');
  return known.exitCode;
}
