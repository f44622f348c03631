import { createInterface, type Interface } from 'node:readline/promises';
import type { ConsoleClient } from '../console/index.js';
import { printNote } from './output.js';

const PROMPT = 'ok ';

/**
 * Reads lines from the terminal, with editing, history and completion, and has each run, until Ctrl-D.
 *
 * @throws XDP_ERR_NO_CONSOLE when the process hangs up
 */
export async function promptForLines(client: ConsoleClient, run: (line: string) => Promise<unknown>): Promise<void> {
  const { name, pid } = client.place;
  printNote(`${name} (process ${pid}); "help" tells how to begin, Ctrl-D ends the session`);
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: PROMPT,
    completer: (line: string) => complete(client, line),
    historySize: 1000,
    removeHistoryDuplicates: true,
  });
  terminal.on('SIGINT', () => clearLine(terminal));
  try {
    await Promise.race([readLines(terminal, run), client.hungUp]);
  } finally {
    terminal.close();
  }
}

async function readLines(terminal: Interface, run: (line: string) => Promise<unknown>): Promise<void> {
  terminal.prompt();
  for await (const line of terminal) {
    await run(line);
    terminal.prompt();
  }
  // Ctrl-D leaves the cursor behind the prompt.
  process.stdout.write('\n');
}

/** What the word before the cursor may become. */
async function complete(client: ConsoleClient, line: string): Promise<[string[], string]> {
  const [begun] = /[^\s"]*$/.exec(line)!;
  const names = (await client.names()).filter((name) => name.startsWith(begun));
  return [names.length === 1 ? [`${names[0]} `] : [...names], begun];
}

/** What Ctrl-C does: it ends no session. */
function clearLine(terminal: Interface): void {
  terminal.write(null, { ctrl: true, name: 'e' });
  terminal.write(null, { ctrl: true, name: 'u' });
}
