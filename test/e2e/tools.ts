import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'vitest';
import { isInstalled } from '../needs.js';
import { patient } from '../patience.js';

/** Debian's own, which its python3-scapy belongs to. */
export const PYTHON = '/usr/bin/python3';

/** What is more than a file on the PATH. */
const PROBES: Readonly<Record<string, () => boolean>> = {
  'python3-scapy': () => spawnSync(PYTHON, ['-c', 'import scapy'], { timeout: patient(20_000) }).status === 0,
  'libxdp-dev': () => existsSync('/usr/include/xdp/xsk.h'),
  'libbpf-dev': () => existsSync('/usr/include/bpf/bpf_helpers.h'),
};
const found = new Map<string, boolean>();

function isHere(tool: string): boolean {
  const here = found.get(tool) ?? (PROBES[tool] ?? (() => isInstalled(tool)))();
  found.set(tool, here);
  return here;
}

/** Skips the test, with the tool's name, where a tool is missing. */
export function needTools({ skip }: Pick<TestContext, 'skip'>, ...tools: readonly string[]): void {
  for (const tool of tools) {
    // Where all tools have to be there, a missing one fails the test when it is used.
    if (!process.env['XDPKIT_ALL_TOOLS']) skip(!isHere(tool), `${tool} is not installed`);
  }
}
