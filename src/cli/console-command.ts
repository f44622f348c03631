import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { type Answer, ConsoleClient, findConsole } from '../console/index.js';
import { XdpError } from '../sys/index.js';
import { promptForLines } from './console-prompt.js';
import { printJson, printNote } from './output.js';

interface Flags {
  readonly command?: string;
  readonly target?: string;
  readonly json?: true;
}

export function consoleCommand(): Command {
  return new Command('console')
    .summary('steer a running bridge')
    .description(
      'Steer a running bridge by words: statistics, tap, drop set, faults. Without a file or a line it prompts for lines, ' +
        'or reads them from a pipe.',
    )
    .argument('[file]', 'a script: lines of words, up to the first that fails')
    .option('-c, --command <line>', 'run one line')
    .option('-t, --target <name|pid>', 'the process to steer (default: the only one)')
    .option('--json', 'print JSON lines: report…, notice…, failure')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  xdpkit console                              a session; "help" tells how to begin, Tab completes, Ctrl-D ends it
  xdpkit console -c if.stats                  one line
  xdpkit console -c '50 fault.drop.probability 0 fault.enable'
  xdpkit console edge.rpcl --json             a script, with its reports as data

Exit codes: 0 success, 1 a word failed or there is no process to steer, 2 usage. docs/console.md describes the words.`;

async function run(file: string | undefined, { command, target, json }: Flags): Promise<void> {
  if (file !== undefined && command !== undefined) {
    throw new XdpError('XDP_ERR_USAGE', 'a file and --command exclude each other');
  }
  const script = await scriptOf(file, command);
  using client = await ConsoleClient.connect(await findConsole(target));

  if (script === undefined)
    return await promptForLines(client, (line) => client.run(line, json === true, json ? showFailure : showText));
  for (const [i, line] of script.lines.entries()) {
    const { failure } = await client.run(line, json === true, json ? showJson : showOutput);
    if (failure === undefined) continue;
    const place = script.name === undefined ? '' : `${script.name}:${i + 1}: `;
    throw new XdpError('XDP_ERR_WORD', `${place}${failure.message}`);
  }
}

interface Script {
  /** For messages. */
  readonly name?: string;
  readonly lines: readonly string[];
}

/** @returns undefined when somebody types */
async function scriptOf(file: string | undefined, command: string | undefined): Promise<Script | undefined> {
  if (command !== undefined) return { lines: command.split('\n') };
  if (file !== undefined) return { name: file, lines: readScript(file).split('\n') };
  return process.stdin.isTTY ? undefined : { name: 'stdin', lines: (await readAll(process.stdin)).split('\n') };
}

function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new XdpError('XDP_ERR_USAGE', `${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

function showJson(answer: Answer): void {
  if (answer.type === 'report') printJson('report', { word: answer.word, data: answer.data });
  if (answer.type === 'notice') printJson('notice', { message: answer.message });
}

/** In a script the failure is the end, and told as such. */
function showOutput(answer: Answer): void {
  if (answer.type === 'text') for (const line of answer.lines) process.stdout.write(`${line}\n`);
  if (answer.type === 'notice') printNote(answer.message);
}

function showText(answer: Answer): void {
  showOutput(answer);
  if (answer.type === 'done' && answer.failure) printNote(answer.failure.message);
}

function showFailure(answer: Answer): void {
  showJson(answer);
  if (answer.type === 'done' && answer.failure) printJson('failure', answer.failure);
}
