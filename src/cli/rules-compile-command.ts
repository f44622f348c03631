import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { disassemble, link } from '../ebpf/index.js';
import {
  actionText,
  type CompiledRules,
  compileRuleSet,
  matchText,
  type RuleSet,
  RulesError,
  ruleLabel,
  type WindowsRules,
  windowsRules,
} from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { printJson, printNote } from './output.js';
import { openRuleFile, type RuleFile, rulesOf } from './rule-file.js';
import { rulesListing } from './rule-listing.js';

interface Flags {
  readonly target: 'linux' | 'windows';
  readonly object?: string;
  readonly json?: true;
}

export function rulesCompileCommand(): Command {
  return new Command('compile')
    .summary('show the program that a rule file becomes')
    .description('Compile a rule file, and print the program with the rule that each part came from.')
    .argument('<file>', 'YAML or JSON; - is standard input')
    .addOption(
      new Option('--target <system>', 'linux: eBPF; windows: the rules of XDP for Windows')
        .choices(['linux', 'windows'])
        .default('linux'),
    )
    .option('-o, --object <file>', 'write the bytes there instead: docs/rules.md tells what they are')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: Flags) => {
      const file = openRuleFile(path);
      const ruleSet = rulesOf(file);
      if (flags.target === 'windows') compileForWindows(ruleSet, file, flags);
      else compileForLinux(ruleSet, flags);
    });
}

const EXAMPLES = `
Examples:
  xdpkit rules compile edge.yaml
  xdpkit rules compile edge.yaml --object edge.bpf
  xdpkit rules compile edge.yaml --target windows --object edge.xdprules

It needs no privileges. Exit codes: 0 compiled, 1 it can't be, 2 usage, or the rules are not valid.`;

function compileForLinux(ruleSet: RuleSet, { object, json }: Flags): void {
  const compiled = compileRuleSet(ruleSet);
  if (object !== undefined) {
    const numbers = Object.fromEntries(compiled.maps.map(({ name }, i) => [name, i]));
    write(object, link(compiled.program, numbers));
  }
  if (json) printJson('program', described(ruleSet, compiled));
  else if (object === undefined) for (const line of rulesListing(ruleSet, compiled)) process.stdout.write(`${line}\n`);
  else for (const line of notesOf(compiled)) printNote(line);
}

/** What it takes to load the bytes. */
function notesOf({ maps, types }: CompiledRules): string[] {
  const lines = maps.map((map, i) => `map ${i}: ${mapText(map)}`);
  return types === undefined
    ? lines
    : [...lines, 'it is divided into functions: to load it takes BTF, which is not in the file'];
}

function described(ruleSet: RuleSet, compiled: CompiledRules): object {
  const { program, maps, blocks, sockets, interfaces, programs, steerings, warnings } = compiled;
  return {
    instructions: disassemble(program.instructions).map(({ index: slot, text }) => ({ slot, text })),
    rules: ruleSet.rules.map(({ name, match, action }, rule) => ({
      ...(name === undefined ? {} : { name }),
      match: matchText(match),
      action: actionText(action),
      blocks: blocks.filter((block) => block.rule === rule).map(({ from, to }) => ({ from, to })),
    })),
    maps: maps.map(({ contents, ...map }) => ({ ...map, filled: contents?.count ?? 0 })),
    mapReferences: program.mapReferences.map(({ index: slot, name: map }) => ({ slot, map })),
    sockets,
    interfaces,
    programs,
    steerings,
    warnings,
  };
}

function mapText({ name, kind, keySize, valueSize, maxEntries, contents }: CompiledRules['maps'][number]): string {
  const filled = contents === undefined ? '' : `, ${contents.count} filled`;
  return `${name}, ${kind}, keys of ${keySize} bytes, values of ${valueSize}, room for ${maxEntries}${filled}`;
}

function compileForWindows(ruleSet: RuleSet, file: RuleFile, { object, json }: Flags): void {
  const rules = windowsRulesOf(ruleSet, file);
  if (object !== undefined) write(object, rules.bytes);
  const { bytes, ...rest } = rules;
  if (json) printJson('windows-rules', { ...rest, bytes: Buffer.from(bytes).toString('hex') });
  else if (object === undefined) for (const line of windowsLines(ruleSet, rules)) process.stdout.write(`${line}\n`);
}

/** With the file's name in what is wrong. */
function windowsRulesOf(ruleSet: RuleSet, { name: file }: RuleFile): WindowsRules {
  try {
    return windowsRules(ruleSet);
  } catch (error) {
    if (error instanceof RulesError) throw new RulesError(error.problems.map((problem) => ({ file, ...problem })));
    throw error;
  }
}

/** A heading for each rule, and its bytes in hexadecimal digits. */
function windowsLines(ruleSet: RuleSet, { bytes, rules, relocations, handles }: WindowsRules): string[] {
  const size = 72;
  const lines = rules.flatMap((rule, i) => {
    const { name, match, action } = ruleSet.rules[rule]!;
    const from = i * size;
    const isWithin = (offset: number) => offset >= from && offset < from + size;
    const rows = Array.from({ length: Math.ceil(size / 16) }, (_, row) => {
      const start = from + row * 16;
      const digits = Buffer.from(bytes.subarray(start, Math.min(start + 16, from + size))).toString('hex');
      return `    ${start.toString(16).padStart(6, '0')}  ${digits.replaceAll(/(..)(?=.)/g, '$1 ')}`;
    });
    return [
      `${i === 0 ? '' : '\n'}; ${ruleLabel(rule, name)}: ${matchText(match)} -> ${actionText(action)}`,
      ...rows,
      ...relocations.filter(isWithin).map((offset) => `    relocation at ${offset.toString(16).padStart(6, '0')}`),
      ...handles
        .filter(({ offset }) => isWithin(offset))
        .map(({ offset, kind, name: of }) =>
          `    handle at ${offset.toString(16).padStart(6, '0')}: ${kind} ${of ?? ''}`.trimEnd(),
        ),
    ];
  });
  return lines;
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new XdpError('XDP_ERR_USAGE', `${path} can't be written: ${(error as Error).message}`, { cause: error });
  }
}
