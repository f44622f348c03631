import { execFileSync } from 'node:child_process';
import { release } from 'node:os';
import { afterEach, beforeEach, expect, type TestContext } from 'vitest';
import { openResources, traceResources } from '../../dist/sys/index.js';
import { patient } from '../patience.js';

/** Runs a tool, in a namespace if one is named, and returns what it prints. */
export function run(command: string, netns?: string): string {
  const [program = '', ...args] = (netns === undefined ? command : `ip netns exec ${netns} ${command}`).split(' ');
  return execFileSync(program, args, { encoding: 'utf8', timeout: patient(20_000), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What `ip -j -d` prints. */
// biome-ignore lint/suspicious/noExplicitAny: the tool's own shape
export function ip(command: string, netns?: string): any[] {
  return JSON.parse(run(`ip -j -d ${command}`, netns)) as unknown[];
}

/** `ethtool --json -k`: features by name. */
export function ethtoolFeatures(
  name: string,
  netns?: string,
): Record<string, { active: boolean; fixed: boolean; requested: boolean }> {
  const [{ ifname, ...features }] = JSON.parse(run(`ethtool --json -k ${name}`, netns));
  expect(ifname).toBe(name);
  return features;
}

/** Whether the running kernel is of this version or later. */
export function kernelIs(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/** Skips the test, with the version's name, on an older kernel. */
export function needKernel({ skip }: Pick<TestContext, 'skip'>, major: number, minor: number): void {
  skip(!kernelIs(major, minor), `needs Linux ${major}.${minor}`);
}

/** Fails every test of the file that leaves a descriptor or mapping open. */
export function failOnLeaks(): void {
  beforeEach(() => traceResources(true));
  afterEach(() => {
    expect(openResources()).toEqual([]);
    traceResources(false);
  });
}
