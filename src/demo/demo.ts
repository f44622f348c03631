import { createLab, type Lab, removeStaleLabs } from '../netdev/index.js';
import { Bridge, type BridgeSummary } from '../pipeline/index.js';
import { requireCapabilities, runInNamespace } from '../sys/index.js';
import type { PingResult } from './ping.js';
import type { TcpResult } from './tcp.js';
import type { UdpResult } from './udp.js';
import { lostNothing, readWire } from './wire-account.js';

export interface DemoOptions {
  /** Queues of each interface. Default 1. */
  readonly queues?: number;
  /** Bytes that are copied over TCP. Default 256 MiB. */
  readonly bytes?: number;
  readonly signal?: AbortSignal;
  /** Told when a bridge is up between the hosts. */
  readonly onBridge?: (bridge: Bridge) => void;
  /** Told when a step begins. */
  readonly onStart?: (step: string) => void;
  /** Told what came of each step. */
  readonly onCheck?: (check: DemoCheck) => void;
}

/** Something that was tried, and whether it turned out as it should. */
export interface DemoCheck {
  readonly step: string;
  readonly ok: boolean;
  /** What was seen, in words. */
  readonly result: string;
}

export interface DemoResult {
  readonly ok: boolean;
  readonly checks: readonly DemoCheck[];
  readonly bridge: BridgeSummary;
}

const PINGS = 500;
const DATAGRAMS = 20_000;
const LEFT = { v4: '10.77.0.1', v6: 'fd77::1' };
const RIGHT = { v4: '10.77.0.2', v6: 'fd77::2' };

/**
 * Makes two hosts in network namespaces of their own, bridges them, lets their kernels talk by ICMP, UDP and TCP, and
 * checks that every byte arrived and that every frame came back to its owner. Leaves nothing behind, also when aborted:
 * then it rejects with the signal's reason.
 *
 * Needs what a bridge needs, and CAP_SYS_ADMIN for the namespaces.
 */
export async function runDemo(options: DemoOptions = {}): Promise<DemoResult> {
  const { queues = 1, bytes = 256 << 20, signal, onStart } = options;
  requireCapabilities('the demonstration makes network namespaces and attaches XDP programs, for which it', NEEDED);
  signal?.throwIfAborted();
  removeStaleLabs();
  using lab = createLab('demo');
  const middle = lab.namespace('bridge');
  const left = host(lab, 'left', LEFT, middle, 'port0', queues);
  const right = host(lab, 'right', RIGHT, middle, 'port1', queues);
  await using bridge = await Bridge.open({ interfaces: ['port0', 'port1'], netns: middle, ledger: true });
  options.onBridge?.(bridge);

  const checks: DemoCheck[] = [];
  const check = (step: string, ok: boolean, result: string) => {
    checks.push({ step, ok, result });
    options.onCheck?.({ step, ok, result });
  };
  const ended = new AbortController();
  const signals = AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]);
  const run = <T>(netns: string, module: string, name: string, args: readonly unknown[] = []) =>
    runInNamespace<T>({ netns, module: new URL(`./${module}.js`, import.meta.url), name, args, signal: signals });
  const server = run<never>(right, 'server', 'serve');
  // It ends when it is told to, which is no failure. An earlier end is one, and is heard of.
  const broken = server.catch((error) => (ended.signal.aborted ? new Promise<never>(() => {}) : Promise.reject(error)));
  try {
    const step = <T>(name: string, work: () => Promise<T>): Promise<T> => {
      onStart?.(name);
      return Promise.race([work(), broken, bridge.finished.then(() => Promise.reject(signal?.reason))]);
    };
    const { pinged, silent } = await step('ICMP', async () => {
      const before = await readWire(bridge, [left, right]);
      const pinged = await run<PingResult>(left, 'ping', 'ping', [RIGHT.v4, PINGS]);
      // Linux sends echo replies through one socket per processor that all namespaces share (net/ipv4/icmp.c): a host can stay
      // silent for seconds because of another. What it has not sent, the bridge has not lost.
      const silent = pinged.received < pinged.sent && lostNothing(before, await readWire(bridge, [left, right]));
      return { pinged, silent };
    });
    const missing = pinged.sent - pinged.received;
    check(
      'ICMP',
      missing === 0 || silent,
      `${pinged.received} of ${pinged.sent} pings answered${silent ? ` (the far host sent no reply to ${missing}; no frame was lost)` : ''}, median ${pinged.median.toFixed(0)} µs, p99 ${pinged.p99.toFixed(0)} µs`,
    );
    const udp = await step('UDP', () => run<UdpResult>(left, 'udp', 'exchangeDatagrams', [RIGHT.v4, DATAGRAMS]));
    check('UDP', udp.intact === udp.sent, `${udp.intact} of ${udp.sent} datagrams came back byte for byte`);
    const tcp = await step('TCP', () => run<TcpResult>(left, 'tcp', 'copyStream', [RIGHT.v6, bytes]));
    const rate = (tcp.bytes * 8) / tcp.seconds / 1e9;
    const same = tcp.sent === tcp.received;
    check(
      'TCP',
      same,
      `${tcp.bytes / (1 << 20)} MiB over IPv6 at ${rate.toFixed(2)} Gbit/s, SHA-256 ${same ? 'the same at both ends' : 'differs'}`,
    );
  } finally {
    ended.abort();
    await server.catch(() => {});
  }
  const summary = await bridge.close();
  const { frames, ok } = framesOf(summary);
  check('frames', ok, ok ? `all ${frames} frames came back to their owner` : 'frames are missing or in two places');
  return { ok: checks.every((each) => each.ok), checks, bridge: summary };
}

const NEEDED = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF', 'CAP_SYS_ADMIN'] as const;

function host(
  lab: Lab,
  label: string,
  address: { v4: string; v6: string },
  netns: string,
  port: string,
  queues: number,
): string {
  const addresses = [`${address.v4}/24`, `${address.v6}/64`];
  return lab.host(label, { addresses, queues, port: { name: port, netns, queues } }).netns;
}

/** Whether every frame is where it should be at rest: free, in a ring, or counted with the kernel; none under way. */
function framesOf({ audits, last }: BridgeSummary): { frames: number; ok: boolean } {
  const whole = audits.every(({ lost, duplicated }) => lost === 0 && duplicated === 0);
  const arrived = last.ports.every(({ total }) => total.inTx === 0 && total.kernelInvalidDescriptors === 0);
  return { frames: audits.reduce((sum, audit) => sum + audit.frames, 0), ok: whole && arrived };
}
