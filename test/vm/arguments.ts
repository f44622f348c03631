import { parseArgs } from 'node:util';
import { KERNELS, type Kernel } from './cache.js';
import { NICS, type Nic } from './nic.js';

export const USAGE = `Usage: npm run test:vm -- [options] [tests...]

Boots Debian's kernels in QEMU (software emulation) with the host's own root, read-only. With each kernel
  without NICs       the privileged tests run in the guest
  virtio, igb        the guest bridges two NICs, between two namespaces of the host: traffic tests
Needs root, and what npm run test:vm:tools fetches.

  --kernel LIST      of ${KERNELS.join(', ')}, or all (default: all)
  --nic LIST         of ${NICS.join(', ')}, or all (default: all)
  --tests NAMES      files, parts of their paths, or patterns like 'test/kernel/**', to run in each guest instead: with
                     NICs too, and no traffic (may be repeated; words without an option are taken so as well)
  --resume           without the files that have passed with this kernel and NIC since the last run without --resume,
                     whatever has changed since
  --mtu BYTES        of the NICs and the hosts (default: 1500)
  --bridge OPTION    an option for the bridge under test (may be repeated): --bridge=--frame-size=4096
  --limit SECONDS    that a test file may take in the guest (default: 900)
  --keep-going       go on with the next guest when something failed
  --shell            a shell in the guest instead of tests; it has the NICs eth0 and eth1
  --help

Logs are in temp/vm/runs. Exit codes: 0 all passed, 1 something failed, 2 usage, 3 not permitted, 4 tools are missing,
130 Ctrl-C.`;

export interface Settings {
  readonly kernels: readonly Kernel[];
  readonly nics: readonly Nic[];
  /** See testFiles(). */
  readonly tests: readonly string[];
  /** Whether the tests run in guests with NICs too, in place of the traffic tests. */
  readonly testsEverywhere: boolean;
  readonly resume: boolean;
  readonly mtu: number;
  readonly bridge: readonly string[];
  readonly limit: number;
  readonly keepGoing: boolean;
  readonly shell: boolean;
}

export class UsageError extends Error {}

/** @returns undefined if help was asked for */
export function settingsOf(args: readonly string[]): Settings | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const tests = [...values.tests, ...positionals];
  const settings = {
    kernels: list('--kernel', values.kernel, KERNELS),
    nics: list('--nic', values.nic, NICS),
    tests,
    testsEverywhere: tests.length > 0,
    resume: values.resume,
    mtu: number('--mtu', values.mtu, 1280, 9216),
    bridge: values.bridge,
    limit: number('--limit', values.limit, 1, 86_400),
    keepGoing: values['keep-going'],
    shell: values.shell,
  };
  if (settings.shell && settings.kernels.length * settings.nics.length !== 1) {
    throw new UsageError('--shell needs one --kernel and one --nic');
  }
  return settings;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        kernel: { type: 'string', default: 'all' },
        nic: { type: 'string', default: 'all' },
        tests: { type: 'string', multiple: true, default: [] },
        resume: { type: 'boolean', default: false },
        mtu: { type: 'string', default: '1500' },
        bridge: { type: 'string', multiple: true, default: [] },
        limit: { type: 'string', default: '900' },
        'keep-going': { type: 'boolean', default: false },
        shell: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function list<T extends string>(option: string, text: string, all: readonly T[]): readonly T[] {
  if (text === 'all') return all;
  return text.split(',').map((word) => {
    const found = all.find((each) => each === word);
    if (found === undefined) throw new UsageError(`${option} takes ${all.join(', ')} or all, not ${word}`);
    return found;
  });
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not ${text}`);
  }
  return value;
}
