import { XdpError } from '../../dist/sys/index.js';

/**
 * A pipeline in memory: it remembers what was set, and counts what it is told to. Plain JavaScript, because server-process.mjs
 * runs it as well.
 */
export function twinControl(names = ['enp1s0f0', 'enp1s0f1']) {
  const set = (most = 4) => {
    const macs = new Set();
    return {
      insert(mac) {
        if (macs.size >= most && !macs.has(mac)) throw new XdpError('XDP_ERR_USAGE', 'the set is full');
        macs.add(mac);
      },
      reset: () => macs.clear(),
      list: () => [...macs],
    };
  };
  const taps = names.map(() => ({ rx: false, tx: false }));
  let settings = {
    dropProbability: 0,
    corruptProbability: 0,
    corruptAmount: 1,
    growProbability: 0,
    growAmount: 1,
    shrinkProbability: 0,
    shrinkAmount: 1,
    seed: 0,
    mendChecksums: false,
  };
  const ports = names.map(() => ({
    enabled: false,
    bitflipProbability: 0,
    duplicateProbability: 0,
    delay: 0,
    jitter: 0,
    delayCorrelation: 0,
    distribution: 'uniform',
    reorderProbability: 0,
    reorderGap: 0,
    gilbert: { p: 0, r: 0, lossBad: 0, lossGood: 0 },
    rate: 0,
    burst: 0,
  }));
  let restarts = 0;
  const counts = {
    dropped: 0,
    corrupted: 0,
    grown: 0,
    shrunk: 0,
    bitflipped: 0,
    duplicated: 0,
    delayed: 0,
    reordered: 0,
    burstLost: 0,
    held: 0,
    holdOverflow: 0,
  };
  return {
    rx: [16467306, 0],
    statistics: false,
    get restarts() {
      return restarts;
    },
    macTable: { entries: [], overflow: 0 },
    interfaces() {
      return names.map((name, i) => ({
        name,
        driver: 'ixgbe',
        queues: 1,
        zeroCopy: i === 0,
        rx: this.rx[i] ?? 0,
        tx: i === 0 ? 510634 : 0,
        drop: 0,
        noif: 0,
        err: 0,
        rxTap: taps[i].rx,
        txTap: taps[i].tx,
      }));
    },
    queue: (port, queue) => (queue === 0 ? { worker: port, counts: { rxPackets: 7, txPackets: 8 } } : undefined),
    etherTypes: () => [
      { etherType: 0x86dd, level: 1, packets: 2, bytes: 200, lastSource: '02:00:00:00:00:01' },
      { etherType: 0x0800, level: 0, packets: 1234, bytes: 5678, lastSource: '00:23:7d:86:71:ff' },
      { etherType: 0x9999, level: 0, packets: 1, bytes: 60, lastSource: '00:23:7d:86:71:ff' },
    ],
    macs() {
      return this.macTable;
    },
    setStatistics(on) {
      this.statistics = on;
    },
    callback: { reload: async () => {} },
    tap: {
      macs: set(),
      set: (port, direction, on) => {
        taps[port][direction] = on;
      },
      status: () => ({
        queue: 'ixdp.pqueue.tap',
        waiting: 3,
        capacity: 1024,
        tapped: 10,
        collected: 5,
        lost: 1,
        abandoned: 1,
        collectors: 2,
      }),
    },
    drops: set(),
    faults: {
      sources: set(),
      destinations: set(),
      set: (change) => {
        settings = { ...settings, ...change };
      },
      setPort: (port, change) => {
        ports[port] = { ...ports[port], ...change };
      },
      restart: () => {
        restarts++;
      },
      status: () => ({ ...settings, ports: ports.map((port) => ({ ...port, counts })) }),
    },
  };
}
