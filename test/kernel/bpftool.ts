import { run } from '../netdev/oracle.js';

/** What `bpftool --json` prints. */
// biome-ignore lint/suspicious/noExplicitAny: the tool's own shape
export function bpftool(command: string, netns?: string): any {
  return JSON.parse(run(`bpftool --json ${command}`, netns));
}

export interface DumpedElement {
  readonly key: readonly string[];
  readonly value?: readonly string[];
  readonly values?: readonly { readonly cpu: number; readonly value: readonly string[] }[];
}

/** `["0x01", "0x00"]` as a byte string: `0100`. */
export const dumpedBytes = (bytes: readonly string[]): string => bytes.map((byte) => byte.slice(2)).join('');
