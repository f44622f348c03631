// needs: ip, ping
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, getFeatures, getLink, type Lab, setLink } from '../../dist/netdev/index.js';
import { Bridge, type BridgeOptions, type BridgeSummary } from '../../dist/pipeline/index.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';

failOnLeaks();
const PORTS = ['port0', 'port1'];
let lab: Lab;
let netns: string;
let hosts: string[];

/** Two hosts, each on a port of the bridge's namespace; when it returns, the kernel has taken note that both are up. */
async function setUp(queues: readonly number[]): Promise<void> {
  hosts = PORTS.map((name, i) => {
    const addresses = [`10.6.0.${i + 1}/24`, `2001:db8:6::${i + 1}/64`];
    const port = { name, netns, queues: queues[i]! };
    return lab.host(`host${i}`, { addresses, queues: queues[i]!, port }).netns;
  });
  await expect.poll(() => PORTS.map((name) => getLink(name, { netns }).state)).toEqual(['up', 'up']);
}
beforeEach(() => {
  lab = createLab('bridge');
  netns = lab.namespace('bridge');
});
afterEach(() => lab.close());

const open = (options: Partial<BridgeOptions> = {}) =>
  Bridge.open({ interfaces: PORTS, netns, ring: 256, ledger: true, ...options });
const ping = (...options: string[]) => {
  const args = ['netns', 'exec', hosts[0]!, 'ping', '-W', '2', ...options];
  return promisify(execFile)('ip', args, { timeout: patient(15_000) });
};
const programs = () => PORTS.flatMap((name) => getLink(name, { netns }).xdp);
const state = () =>
  PORTS.map((name, i) => ({
    link: getLink(name, { netns }),
    features: Object.fromEntries(getFeatures(name, { netns })),
    host: Object.fromEntries(getFeatures('eth0', { netns: hosts[i] })),
  }));
const descriptors = () => readdirSync('/proc/self/fd').length;
const journals = () =>
  existsSync('/run/xdpkit/offloads')
    ? readdirSync('/run/xdpkit/offloads').filter((name) => name.startsWith(`${process.pid}-`))
    : [];
const code = (name: string, rest = {}) => expect.objectContaining({ code: name, ...rest });
function expectWhole({ audits }: BridgeSummary): void {
  for (const { frames, free, inRings, inKernel, lost, duplicated } of audits) {
    expect({ lost, duplicated }).toEqual({ lost: 0, duplicated: 0 });
    expect(free + inRings + inKernel).toBe(frames);
  }
}

describe.each([
  { queues: [4, 4], workers: 2 },
  { queues: [1, 1], workers: 1 },
  { queues: [4, 1], workers: 1 },
])('$queues queues', ({ queues, workers }) => {
  test('hosts talk through it, and it leaves nothing behind', async () => {
    await setUp(queues);
    const before = state();
    const bridge = await open({ workers });
    expect(bridge.workers).toBe(workers);
    expect(programs().map(({ mode }) => mode)).toEqual(['native', 'native']);
    await Promise.all([
      ping('-c', '5', '-i', '0.02', '10.6.0.2'),
      ping('-c', '5', '-i', '0.02', '2001:db8:6::2'),
      ping('-c', '5', '-i', '0.02', '-s', '1472', '-M', 'do', '10.6.0.2'),
    ]);
    const { ports } = bridge.sample();
    expect(ports.map(({ queues: list }) => list.length)).toEqual(queues);
    const summary = await bridge.close();
    expectWhole(summary);
    expect(summary.audits).toHaveLength(workers);
    const [a, b] = summary.last.ports.map(({ total }) => total);
    expect(a!.rxPackets).toBeGreaterThanOrEqual(16);
    expect([b!.txPackets, b!.txBytes]).toEqual([a!.rxPackets, a!.rxBytes]);
    expect([a!.txPackets, a!.txBytes]).toEqual([b!.rxPackets, b!.rxBytes]);
    for (const { kernelInvalidDescriptors, kernelRxDropped, txRingFull } of [a!, b!]) {
      expect([kernelInvalidDescriptors, kernelRxDropped, txRingFull]).toEqual([0, 0, 0]);
    }
    expect(await bridge.close()).toBe(summary);
    expect(await bridge.finished).toBe(summary);
    expect(programs()).toEqual([]);
    expect(state()).toEqual(before);
    expect(journals()).toEqual([]);
  });
});

test('a worker whose queue another process holds: its neighbour ends too, and nothing stays attached', async () => {
  await setUp([2, 2]);
  const before = state();
  const fixture = fileURLToPath(new URL('../xsk/queue-holder.mjs', import.meta.url));
  const holder = spawn(process.execPath, [fixture, netns, 'port1', '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(holder, 'exit');
  try {
    await once(holder.stdout, 'data');
    await expect(open({ workers: 2 })).rejects.toThrow(
      code('XDP_ERR_QUEUE_TAKEN', { errnoName: 'EBUSY', advice: expect.stringContaining('ss --xdp') }),
    );
    expect(programs()).toEqual([]);
    expect(state()).toEqual(before);
    expect(journals()).toEqual([]);
  } finally {
    holder.kill('SIGKILL');
    await gone;
  }
  // All four queues are free again.
  expectWhole(await (await open({ workers: 2 })).close());
});

describe('with one queue each', () => {
  beforeEach(() => setUp([1, 1]));

  test('opens again and again, without a descriptor more', async () => {
    // Threads and their event loops are made once; what stays of the first time is the runtime's.
    await (await open()).close();
    const before = descriptors();
    for (let round = 0; round < 3; round++) {
      await using bridge = await open();
      await ping('-c', '1', '10.6.0.2');
      expect(bridge.workers).toBe(1);
    }
    expect(descriptors()).toBe(before);
  });

  test('closing under load loses no frame of the UMEM', async () => {
    const bridge = await open();
    const load = spawn('ip', ['netns', 'exec', hosts[0]!, 'ping', '-q', '-f', '-c', '20000', '10.6.0.2'], {
      stdio: 'ignore',
    });
    const ended = once(load, 'exit');
    try {
      await expect.poll(() => bridge.sample().ports[0]!.total.rxPackets).toBeGreaterThan(500);
      expectWhole(await bridge.close());
    } finally {
      load.kill();
      await ended;
    }
    expect(programs()).toEqual([]);
  });

  test('generic mode, larger frames, a spinning worker on one processor', async () => {
    const options = { mode: 'generic', frameSize: 4096, wait: 'spin', cpus: [0], batch: 1, ring: 64 } as const;
    await using bridge = await open(options);
    await ping('-c', '3', '-i', '0.02', '10.6.0.2');
    const { ports, workers } = bridge.sample();
    expect(ports.map(({ mode, zeroCopy }) => ({ mode, zeroCopy }))).toEqual([
      { mode: 'generic', zeroCopy: false },
      { mode: 'generic', zeroCopy: false },
    ]);
    expect(workers[0]!.sleeps).toBe(0);
  });

  test('a callback that throws loses those packets only, counted', async () => {
    const bridge = await open({ callback: new URL('./callback-throws.mjs', import.meta.url) });
    await expect(ping('-c', '1', '-W', '1', '10.6.0.2')).rejects.toThrow();
    await ping('-c', '2', '-i', '0.02', '-W', '2', '2001:db8:6::2');
    const summary = await bridge.close();
    expectWhole(summary);
    const { total } = summary.last.ports[0]!;
    expect(total.callbackError).toBeGreaterThan(0);
    expect(summary.last.ports[1]!.total.txPackets).toBe(total.rxPackets - total.callbackError);
  });

  test('a callback that never returns: the bridge ends with an error, and the next one has its queues', async () => {
    const before = descriptors();
    const bridge = await open({ callback: new URL('callback-hangs.mjs', import.meta.url) });
    await expect(ping('-c', '1', '-W', '1', '10.6.0.2')).rejects.toThrow();
    const failed = code('XDP_ERR_WORKER', { message: expect.stringContaining('ended early') });
    await expect(bridge.close()).rejects.toThrow(failed);
    await expect(bridge.finished).rejects.toThrow(failed);
    expect(programs()).toEqual([]);
    expect(journals()).toEqual([]);
    expect(descriptors()).toBe(before);
    await using next = await open();
    // Several: the host may still wait for the address that it asked the dead bridge for, and give that up first.
    await ping('-c', '6', '-i', '0.5', '10.6.0.2');
    expectWhole(await next.close());
  });

  test('a signal closes it', async () => {
    const controller = new AbortController();
    const bridge = await open({ signal: controller.signal });
    controller.abort();
    expectWhole(await bridge.finished);
    expect(programs()).toEqual([]);
  });

  describe('what fails leaves nothing attached', () => {
    let before: ReturnType<typeof state>;
    beforeEach(() => {
      before = state();
    });
    afterEach(() => {
      expect(programs()).toEqual([]);
      expect(state()).toEqual(before);
      expect(journals()).toEqual([]);
    });

    test('a callback module that is none', async () => {
      await expect(open({ callback: new URL('./callback-missing.mjs', import.meta.url) })).rejects.toThrow(
        code('XDP_ERR_WORKER', { message: expect.stringContaining('no function as its default export') }),
      );
      await expect(open({ callback: new URL('./no-such-callback.mjs', import.meta.url) })).rejects.toThrow(
        code('XDP_ERR_WORKER', { message: expect.stringContaining('no-such-callback.mjs') }),
      );
    });

    test('a signal, before and while it opens', async () => {
      const aborted = AbortSignal.abort();
      await expect(open({ signal: aborted })).rejects.toBe(aborted.reason);
      const controller = new AbortController();
      const reason = new Error('changed my mind');
      const opening = open({ signal: controller.signal });
      setTimeout(() => controller.abort(reason), 20);
      await expect(opening).rejects.toBe(reason);
    });

    test('an interface that is not there, after the first was taken', async () => {
      await expect(open({ interfaces: ['port0', 'nope'] })).rejects.toThrow(code('XDP_ERR_NO_INTERFACE'));
    });

    test('more workers than queues, a processor that is not there, and zero-copy on a veth', async () => {
      await expect(open({ cpus: [8191] })).rejects.toThrow(code('XDP_ERR_USAGE'));
      await expect(open({ workers: 2 })).rejects.toThrow(code('XDP_ERR_NO_QUEUE'));
      await expect(open({ zeroCopy: 'on' })).rejects.toThrow(code('XDP_ERR_ZEROCOPY_UNSUPPORTED'));
    });

    test('values out of range', async () => {
      const wrong: Partial<BridgeOptions>[] = [
        { interfaces: ['port0', 'port0'] },
        { interfaces: ['port0', 'port1', 'port2'] },
        { interfaces: [], callback: new URL('./callback-throws.mjs', import.meta.url) },
        { workers: 0 },
        { workers: 1.5 },
        { cpus: [] },
        { cpus: [-1] },
        { frameSize: 3001 },
        { busyPoll: 0 },
        { busyPoll: 65_536 },
        { busyPoll: 1.5 },
        { ring: 100 },
        { ring: 32 },
        { ring: 32_768 },
        { batch: 0 },
        { batch: 1025 },
        { ring: 64, batch: 128 },
      ];
      for (const options of wrong) await expect(open(options)).rejects.toThrow(code('XDP_ERR_USAGE'));
    });
  });

  test('an interface that is deleted meanwhile ends it, whole', async () => {
    const bridge = await open();
    await ping('-c', '1', '10.6.0.2');
    run(`ip -n ${netns} link del port1`);
    const gone = code('XDP_ERR_INTERFACE_GONE', { message: expect.stringContaining('port1') });
    const late = sleep(patient(5_000)).then(() => 'nothing happened');
    await expect(Promise.race([bridge.finished, late])).rejects.toThrow(gone);
    expect(getLink('port0', { netns }).xdp).toEqual([]);
    await expect(bridge.close()).rejects.toThrow(gone);
    expect(journals()).toEqual([]);
  });

  test('an interface that goes down and comes up again is bridged on', async () => {
    await using bridge = await open();
    setLink('port1', { up: false }, { netns });
    await expect(ping('-c', '1', '-W', '1', '10.6.0.2')).rejects.toThrow();
    setLink('port1', { up: true }, { netns });
    await ping('-c', '3', '-i', '0.1', '10.6.0.2');
    expect(bridge.sample().ports).toHaveLength(2);
  });
});
