import { readFileSync } from 'node:fs';
import { XdpError } from './errors.js';

/** Capabilities by their bit: include/uapi/linux/capability.h. */
const BITS = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type Capability = keyof typeof BITS;

/** What CAP_SYS_ADMIN includes (capabilities(7)). */
const INCLUDED: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON'];

/** Those of `wanted` that this process has not in effect. */
export function missingCapabilities(wanted: readonly Capability[]): Capability[] {
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/thread-self/status', 'ascii'))?.[1] ?? '0'}`,
  );
  const has = (name: Capability) => ((effective >> BigInt(BITS[name])) & 1n) === 1n;
  return wanted.filter((name) => !has(name) && !(INCLUDED.includes(name) && has('CAP_SYS_ADMIN')));
}

/**
 * @param what who needs them, as the beginning of a sentence
 * @throws XDP_ERR_PERMISSION naming those that are missing
 */
export function requireCapabilities(what: string, wanted: readonly Capability[]): void {
  const missing = missingCapabilities(wanted);
  if (missing.length === 0) return;
  throw new XdpError('XDP_ERR_PERMISSION', `${what} needs ${list(wanted)}; this process lacks ${list(missing)}`, {
    advice: 'run it as root (sudo), or see docs/privileges.md',
  });
}

/**
 * The error for a call that was refused with EPERM. Who has the capabilities is told what else refuses it: a seccomp
 * filter, or a user namespace, whose capabilities count only inside (user_namespaces(7)).
 *
 * @param what who needs them, as the beginning of a sentence
 */
export function refusedError(what: string, wanted: readonly Capability[], cause: unknown): XdpError {
  const missing = missingCapabilities(wanted);
  if (missing.length > 0) {
    return new XdpError('XDP_ERR_PERMISSION', `${what} needs ${list(wanted)}`, {
      cause,
      advice: `run as root, or give the process ${list(missing)}: see docs/privileges.md`,
    });
  }
  return new XdpError('XDP_ERR_PERMISSION', `${what} was refused, although the process has ${list(wanted)}`, {
    cause,
    advice:
      'the seccomp profile of a container, a user namespace or a security module refuses it: see docs/privileges.md',
  });
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
