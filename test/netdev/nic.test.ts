// needs: ip, ethtool
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  addFlowRule,
  changeSettings,
  type FlowRule,
  getChannels,
  getCoalescing,
  getFeatures,
  getLink,
  getRings,
  getXdpFeatures,
  listNapis,
  listQueues,
  setChannels,
  setLink,
  watchLinks,
} from '../../dist/netdev/index.js';
import { patient } from '../patience.js';
import { failOnLeaks, kernelIs, run } from './oracle.js';

/**
 * A NIC that may be reconfigured, in the namespace of the tests: of a machine's own there is none, in a virtual machine
 * there is.
 */
const nic = process.env['XDPKIT_NIC'];

failOnLeaks();

/** The number behind a name in a text of ethtool's; of names that come twice (maximum, current) the last. */
function numbers(text: string): Record<string, number> {
  return Object.fromEntries([...text.matchAll(/^([\w -]+):\s+(\d+)$/gm)].map(([, name = '', n]) => [name, Number(n)]));
}

const state = () => ['-g', '-l', '-c', '-k'].map((option) => run(`ethtool ${option} ${nic}`));

describe('a NIC of hardware (XDPKIT_NIC names one that may be changed)', () => {
  const name = nic ?? '';
  const { driver } = nic === undefined ? {} : getLink(name);
  const hasCarrier = () => vi.waitFor(() => expect(getLink(name).carrier).toBe(true), patient(15_000));
  beforeEach(async ({ skip }) => {
    skip(nic === undefined, 'XDPKIT_NIC names no NIC');
    setLink(name, { up: true });
    await hasCarrier();
  });
  /** Many drivers reset the NIC for a change. */
  afterEach(async () => {
    if (nic !== undefined) await hasCarrier();
  });

  test('rings, channels and coalescing are what ethtool says', () => {
    const rings = numbers(run(`ethtool -g ${name}`));
    expect(getRings(name).current).toEqual({ rx: rings['RX'], tx: rings['TX'] });
    const { current } = getChannels(name);
    expect(current.combined).toBe(numbers(run(`ethtool -l ${name}`))['Combined']);
    expect(getLink(name).queues).toBe(current.combined);
    const coalescing = numbers(run(`ethtool -c ${name}`));
    expect(getCoalescing(name).rxMicroseconds).toBe(coalescing['rx-usecs']);
  });

  test('rings are set, and put back', ({ skip }) => {
    skip(driver === 'virtio_net', 'virtio_net has no rings to set');
    const before = state();
    const { rx = 0, tx = 0 } = getRings(name).current;
    {
      using set = changeSettings(name, { rings: { rx: rx * 2, tx } });
      expect(set.changes).toEqual([expect.objectContaining({ setting: 'rings', before: { rx } })]);
      expect(numbers(run(`ethtool -g ${name}`))).toMatchObject({ RX: rx * 2, TX: tx });
    }
    expect(state()).toEqual(before);
  });

  test('coalescing is set, and put back', ({ skip }) => {
    skip(driver === 'virtio_net', "QEMU's virtio-net has no coalescing");
    const before = state();
    {
      using _set = changeSettings(name, { coalescing: { rxMicroseconds: 50 } });
      expect(getCoalescing(name).rxMicroseconds).toBe(50);
      expect(numbers(run(`ethtool -c ${name}`))['rx-usecs']).toBe(50);
    }
    expect(state()).toEqual(before);
  });

  test('a change of channels is told', async () => {
    const { combined = 1 } = getChannels(name).current;
    expect(combined).toBeGreaterThan(1);
    using watch = watchLinks();
    run(`ethtool -L ${name} combined 1`);
    for (;;) {
      const event = (await watch.next()).value;
      if (event?.type !== 'queues') continue;
      expect(event).toMatchObject({ link: { name, queues: 1 }, before: { queues: combined } });
      break;
    }
    setChannels(name, { combined });
    expect(getLink(name).queues).toBe(combined);
  });

  test('queues, NAPI instances and XDP features', () => {
    if (kernelIs(6, 8)) {
      const { queues } = getLink(name);
      expect(listQueues(name).filter(({ type }) => type === 'rx')).toHaveLength(queues);
      expect(listNapis(name).length).toBeGreaterThan(0);
    }
    if (kernelIs(6, 14)) expect(getXdpFeatures(name).xdp).toContain('xsk-zerocopy');
    if (kernelIs(6, 3)) expect(getXdpFeatures(name).xdp).toEqual(expect.arrayContaining(['basic', 'redirect']));
    else expect(() => getXdpFeatures(name)).toThrow(expect.objectContaining({ code: 'XDP_ERR_PLATFORM' }));
  });

  // QEMU has no NIC with flow steering rules: its igb is an 82576, to which the driver gives none.
  test('a driver without flow steering rules says so', () => {
    expect(getFeatures(name).get('rx-ntuple-filter')).toMatchObject({ active: false, changeable: false });
    const rule: FlowRule = { type: 'ether', match: { etherType: 0x88f7 }, action: { queue: 0 } };
    const unsupported = expect.objectContaining({ code: 'XDP_ERR_PLATFORM', errnoName: 'EOPNOTSUPP' });
    expect(() => addFlowRule(name, rule)).toThrow(unsupported);
    const before = state();
    const coalescing = driver === 'virtio_net' ? {} : { rxMicroseconds: 50 };
    expect(() => changeSettings(name, { coalescing, flowRules: [rule] })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_PLATFORM' }),
    );
    expect(state()).toEqual(before);
  });
});
