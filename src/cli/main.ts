#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_CODES, XdpError } from '../sys/index.js';
import { bridgeCommand } from './bridge-command.js';
import { collectCommand } from './collect-command.js';
import { demoCommand } from './demo-command.js';
import { extcapCommand } from './extcap-command.js';
import { generateCommand } from './generate-command.js';
import { linksCommand } from './links-command.js';
import { loadCommand } from './load-command.js';
import { printError } from './output.js';
import { receiveCommand } from './receive-command.js';
import { rulesCommand } from './rules-command.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('xdpkit')
  .description('Programs the Linux express data path (XDP, AF_XDP) from TypeScript.')
  .version(version)
  .addCommand(demoCommand())
  .addCommand(bridgeCommand())
  .addCommand(generateCommand())
  .addCommand(receiveCommand())
  .addCommand(collectCommand())
  .addCommand(extcapCommand())
  .addCommand(loadCommand())
  .addCommand(linksCommand())
  .addCommand(rulesCommand())
  .showHelpAfterError('(--help tells more)');

const json = process.argv.includes('--json');
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
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
