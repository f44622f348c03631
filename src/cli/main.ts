#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_CODES, XdpError } from '../sys/index.js';
import { printError } from './output.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** In the order of the help. A command is read when it is asked for: all of them take longer to read than most of them run. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo-command.js')).demoCommand(),
  bridge: async () => (await import('./bridge-command.js')).bridgeCommand(),
  mirror: async () => (await import('./mirror-command.js')).mirrorCommand(),
  status: async () => (await import('./status-command.js')).statusCommand(),
  stop: async () => (await import('./stop-command.js')).stopCommand(),
  console: async () => (await import('./console-command.js')).consoleCommand(),
  generate: async () => (await import('./generate-command.js')).generateCommand(),
  receive: async () => (await import('./receive-command.js')).receiveCommand(),
  collect: async () => (await import('./collect-command.js')).collectCommand(),
  extcap: async () => (await import('./extcap-command.js')).extcapCommand(),
  load: async () => (await import('./load-command.js')).loadCommand(),
  links: async () => (await import('./links-command.js')).linksCommand(),
  quic: async () => (await import('./quic-command.js')).quicCommand(),
  cid: async () => (await import('./cid-command.js')).cidCommand(),
  rules: async () => (await import('./rules-command.js')).rulesCommand(),
};

const program = new Command('xdpkit')
  .description('Programs the Linux express data path (XDP, AF_XDP) from TypeScript.')
  .version(version)
  .showHelpAfterError('(--help tells more)');

// The program's own options take no values, so the first word that is no option names the command.
const named = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
const asked = Object.hasOwn(COMMANDS, named) ? [COMMANDS[named]!] : Object.values(COMMANDS);
for (const read of asked) program.addCommand(await read());

const json = process.argv.includes('--json');
for (const command of allBelow(program)) {
  // A command inherits none of these by itself when it is added whole.
  command.exitOverride().showHelpAfterError('(--help tells more)');
  if (json) command.configureOutput({ writeErr: () => {} });
}

// The reader of a pipe, or the terminal, may go away at any time: that ends the run in order, it is no error of its own.
let audience = true;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    if (audience) process.kill(process.pid, 'SIGTERM');
    audience = false;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) process.exitCode = printError(error, json);
  else if (error.exitCode !== 0) {
    // Help and version are no errors; anything else is usage, and commander has told people what is wrong.
    const message = error.message.replace(/^error: /, '');
    process.exitCode = ERROR_CODES.XDP_ERR_USAGE.exit;
    if (json) printError(new XdpError('XDP_ERR_USAGE', message, { advice: 'xdpkit --help tells more' }), json);
  }
}

function allBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allBelow)];
}
