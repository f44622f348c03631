import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, Option } from 'commander';
import { askSteering } from '../daemon/index.js';
import type { SteeringSample } from '../quic/index.js';
import { wholeNumber } from './arguments.js';
import { printJson } from './output.js';
import { steeringTable } from './steering-table.js';

interface Flags {
  readonly target?: string;
  readonly json?: true;
}

interface AddFlags extends Flags {
  readonly module?: string;
  readonly act: 'socket' | 'host' | 'drop';
  readonly weight?: number;
  readonly cpu?: number;
  readonly data?: string;
}

const id = wholeNumber(0, 0xffff_ffff);
const weight = wholeNumber(1, 65_535);

/** `xdpkit quic backends …` */
export function quicBackendsCommand(): Command {
  const command = new Command('backends')
    .summary('list, add, drain, remove and weigh the backends of a running steering')
    .description(
      'Change the backends of an `xdpkit quic steer` that runs. No connection that stays loses a packet by it.',
    );
  const verb = (name: string, summary: string) =>
    command
      .command(name)
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .option('-t, --target <name|pid>', 'which run (default: the only one)')
      .option('--json', 'print a JSON line: backends');
  verb('list', 'list them, with what they have counted').action(async ({ target, json }: Flags) =>
    print(await askSteering(target, { type: 'list' }), json),
  );
  verb('add', 'add one: packets with its IDs go there, and its share of new connections')
    .argument('<id>', 'what connection IDs name it by', id)
    .option('--module <file>', 'the module that serves it')
    .addOption(new Option('--act <act>', 'where packets go').choices(['socket', 'host', 'drop']).default('socket'))
    .addOption(new Option('--weight <n>', 'its share beside the others (default: 1)').argParser(weight))
    .addOption(new Option('--cpu <n>', 'processor that its thread is bound to').argParser(wholeNumber(0, 8191)))
    .option('--data <json>', 'what the module is given beside')
    .action(async (number: number, { target, json, module, data, ...rest }: AddFlags) => {
      const served = module === undefined ? {} : { module: pathToFileURL(resolve(module)).href };
      const backend = { id: number, ...rest, ...served, ...(data === undefined ? {} : { data: parse(data) }) };
      print(await askSteering(target, { type: 'add', backend }), json);
    });
  for (const [type, summary] of [
    ['drain', 'let one keep its connections, and get no new ones'],
    ['activate', 'end draining: new connections come again'],
    ['remove', 'take one away: its connections are hashed to others, which do not know them'],
  ] as const) {
    verb(type, summary)
      .argument('<id>', 'what connection IDs name it by', id)
      .action(async (number: number, { target, json }: Flags) =>
        print(await askSteering(target, { type, id: number }), json),
      );
  }
  verb('weigh', 'change its share of new connections')
    .argument('<id>', 'what connection IDs name it by', id)
    .argument('<weight>', '1 to 65535; 2 is twice as much as 1', weight)
    .action(async (number: number, share: number, { target, json }: Flags) =>
      print(await askSteering(target, { type: 'weigh', id: number, weight: share }), json),
    );
  return command;
}

function print(sample: SteeringSample, json: true | undefined): void {
  if (json) printJson('backends', sample);
  else process.stdout.write(`${steeringTable(sample, sample).join('\n')}\n`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
