import type {
  FaultControl,
  InterfaceReport,
  PipelineControl,
  PortFaultSettings,
  TapControl,
} from '../console/index.js';
import type { Settings } from '../control/index.js';
import { DISTRIBUTIONS, type FaultSchema, type PortFaultSetting } from '../faults/index.js';
import type { Bridge, SocketCounts } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';

/**
 * A bridge as the console sees it.
 *
 * @param reload loads the bridge's callback again; without it there is none to load
 */
export function bridgeControl(bridge: Bridge, reload: () => Promise<unknown> = noCallback): PipelineControl {
  return {
    interfaces: () =>
      bridge.sample().ports.map((port, index): InterfaceReport => {
        const { total } = port;
        const { settings } = bridge.pipeline;
        return {
          name: port.interface,
          driver: bridge.devices[index]!.link.driver ?? '',
          queues: port.queues.length,
          zeroCopy: port.zeroCopy,
          rx: total.rxPackets,
          tx: total.txPackets,
          drop: total.callback + total.callbackError + total.dropSet,
          noif: total.unknownPort,
          err: total.txRingFull + total.tooManyFragments,
          rxTap: settings.get('rxTap', index) === 1,
          txTap: settings.get('txTap', index) === 1,
        };
      }),
    queue: (port, number) => {
      const found = bridge.sample().ports[port]!.queues.find(({ queue }) => queue === number);
      return found && { worker: found.worker, counts: { ...found.counts } satisfies SocketCounts };
    },
    etherTypes: (port) => bridge.etherTypes(port),
    macs: (port) => bridge.macs(port),
    setStatistics: (on) => bridge.pipeline.settings.set('statistics', on ? 1 : 0),
    callback: { reload },
    tap: tapControl(bridge),
    drops: bridge.pipeline.drops,
    faults: faultControl(bridge),
  };
}

async function noCallback(): Promise<never> {
  throw new XdpError('XDP_ERR_USAGE', 'there is no callback to load again');
}

function tapControl(bridge: Bridge): TapControl {
  const tap = () => {
    if (bridge.tap !== undefined) return bridge.tap;
    throw new XdpError('XDP_ERR_USAGE', 'this bridge has no tap', { advice: 'start it with --tap NAME' });
  };
  return {
    macs: bridge.pipeline.taps,
    set(port, direction, on) {
      if (on) tap();
      bridge.pipeline.settings.set(direction === 'rx' ? 'rxTap' : 'txTap', on ? 1 : 0, port);
    },
    status() {
      const { name, bytes, tapped, collected, queued, lost, abandoned, consumers } = tap().status();
      const collectors = consumers.length;
      return { queue: name, waiting: queued, capacity: bytes, tapped, collected, lost, abandoned, collectors };
    },
  };
}

function faultControl(bridge: Bridge): FaultControl {
  const { pipeline, devices } = bridge;
  const { faults } = pipeline;

  return {
    sources: pipeline.faultSources,
    destinations: pipeline.faultDestinations,
    set({ mendChecksums, ...change }) {
      const mend = mendChecksums === undefined ? {} : { mendChecksums: Number(mendChecksums) };
      // The same seed again means the same sequence again.
      const again = change.seed === undefined ? {} : { restarts: (faults.get('restarts') + 1) % 2 ** 32 };
      faults.change({ ...change, ...mend, ...again });
    },
    setPort(port, change) {
      faults.change(portValues(change), port);
    },
    restart() {
      faults.set('restarts', (faults.get('restarts') + 1) % 2 ** 32);
    },
    status() {
      const globals = faults.read(0)!;
      const { dropProbability, corruptProbability, corruptAmount, growProbability, growAmount } = globals;
      const { shrinkProbability, shrinkAmount, seed } = globals;
      const ports = devices.map((_, port) => {
        return { ...portSettings(faults.read(port)!), counts: bridge.faultCounts(port) };
      });
      return {
        ...{ dropProbability, corruptProbability, corruptAmount, growProbability, growAmount },
        ...{ shrinkProbability, shrinkAmount, seed, mendChecksums: globals.mendChecksums === 1, ports },
      };
    },
  };
}

function portValues(change: Partial<PortFaultSettings>): Partial<Record<PortFaultSetting, number>> {
  const { enabled, distribution, gilbert, ...numbers } = change;
  return {
    ...numbers,
    ...(enabled === undefined ? {} : { enabled: Number(enabled) }),
    ...(distribution === undefined ? {} : { distribution: DISTRIBUTIONS.indexOf(distribution) }),
    ...(gilbert === undefined
      ? {}
      : {
          gilbertP: gilbert.p,
          gilbertR: gilbert.r,
          gilbertLossBad: gilbert.lossBad,
          gilbertLossGood: gilbert.lossGood,
        }),
  };
}

function portSettings(values: Settings<FaultSchema>): PortFaultSettings {
  const { bitflipProbability, duplicateProbability, delay, jitter, delayCorrelation } = values;
  const { reorderProbability, reorderGap, rate, burst } = values;
  const { gilbertP: p, gilbertR: r, gilbertLossBad: lossBad, gilbertLossGood: lossGood } = values;
  return {
    enabled: values.enabled === 1,
    distribution: DISTRIBUTIONS[values.distribution]!,
    gilbert: { p, r, lossBad, lossGood },
    ...{ bitflipProbability, duplicateProbability, delay, jitter, delayCorrelation },
    ...{ reorderProbability, reorderGap, rate, burst },
  };
}
