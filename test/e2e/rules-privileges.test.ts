// needs: setpriv, a checkout that every user can read
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ending, run, XDPKIT } from './running.js';

const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--no-new-privs'];
const THREE = ['net_admin', 'bpf', 'perfmon'];
/** Where a program reads: at the beginning, behind a header of variable length, in the payload, by libpcap's rules. */
const MATCHES = [
  '{ type: all }',
  '{ type: length, value: 64-128 }',
  '{ type: udp-dst, port: 42 }',
  '{ type: bytes, from: payload, offset: 3, value: "ff" }',
  '{ type: inner-ipv6-dst-mask-udp, address: "2001:db8::", mask: "ffff:ffff::" }',
  '{ expression: "tcp[13] & 2 != 0" }',
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpkit-rules-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `xdpkit rules …` of an unprivileged user who has these capabilities. */
function rules(capabilities: readonly string[], ...args: readonly string[]): Promise<Ending> {
  const sets = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  return run(['setpriv', ...NOBODY, `--inh-caps=${sets}`, `--ambient-caps=${sets}`, ...XDPKIT, 'rules', ...args]);
}

function file(matches: readonly string[]): string {
  const path = join(folder, 'rules.yaml');
  writeFileSync(path, ['rules:', ...matches.map((match) => `  - { match: ${match}, action: count }`), ''].join('\n'));
  return path;
}

test('checking and explaining needs no capability', async () => {
  expect(await rules([], 'check', file(MATCHES))).toMatchObject({ status: 0, stderr: '' });
  expect((await rules([], 'explain', file(MATCHES), 'udp 10.0.0.1:1 > 10.0.0.2:42')).stdout).toMatch(/^pass/);
});

test('three capabilities are enough to have the kernel verify rules of every kind', async () => {
  const { status, stdout, stderr } = await rules(THREE, 'check', '--verify', file(MATCHES));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain("the kernel's verifier takes it");
});

test('without CAP_PERFMON it is told by name, and nothing is said against the rules', async () => {
  const { status, stdout, stderr } = await rules(['net_admin', 'bpf'], 'check', '--verify', file(MATCHES.slice(0, 1)));
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toContain('this process lacks CAP_PERFMON [XDP_ERR_PERMISSION]');
});

test('installing rules without CAP_SYS_ADMIN is told by name', async () => {
  const { status, stderr } = await rules([...THREE, 'net_raw'], 'load', 'lo', file(MATCHES));
  expect(status).toBe(3);
  expect(stderr).toContain('this process lacks CAP_SYS_ADMIN [XDP_ERR_PERMISSION]');
});
