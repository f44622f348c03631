// needs: ip, ethtool
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addFlowRule,
  changeSettings,
  createLab,
  deleteLink,
  type FlowRule,
  getChannels,
  getCoalescing,
  getFeatures,
  type Lab,
  listFlowRules,
  quietOffloads,
  restoreSettings,
  type SettingChange,
  setCoalescing,
} from '../../dist/netdev/index.js';
import { Errno, useBackend } from '../../dist/sys/index.js';
import { ntupleDriver } from './ntuple-driver.js';
import { failOnLeaks, run } from './oracle.js';

failOnLeaks();
let lab: Lab;
let netns: string;

beforeEach(() => {
  lab = createLab('settings');
  netns = lab.namespace('host');
  lab.veth({ name: 's0', netns, queues: 4, peer: { name: 's1', netns, queues: 4 } });
  run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
});
afterEach(() => {
  useBackend(undefined);
  lab.close();
});

const state = () => [run('ethtool -k s0', netns), run('ethtool -l s0', netns), run('ethtool -c tap0', netns)];
const rule: FlowRule = { type: 'udp4', match: { destinationPort: 4433 }, action: { queue: 2 } };

test('set, and back to what ethtool showed before', () => {
  run('ethtool -L s0 rx 3 tx 4', netns);
  const before = state();
  const planned: SettingChange[] = [];
  const wanted = { channels: { rx: 2, tx: 4 }, features: { 'rx-gro': true, 'tx-checksum-ip-generic': true } };
  const set = changeSettings('s0', wanted, { netns, onPlan: (changes) => planned.push(...changes) });
  expect(getChannels('s0', { netns }).current).toEqual({ rx: 2, tx: 4 });
  expect(getFeatures('s0', { netns }).get('rx-gro')?.active).toBe(true);
  // What was so already is no change.
  const place = { interface: 's0', index: expect.any(Number), netns: `/run/netns/${netns}` };
  expect(set.changes).toEqual([
    { ...place, setting: 'channels', before: { rx: 3 } },
    { ...place, feature: 'rx-gro', before: false },
  ]);
  expect(planned).toEqual(set.changes);
  expect(set.restore()).toEqual([]);
  expect(state()).toEqual(before);
  // Only the first call does anything.
  run('ethtool -L s0 rx 1', netns);
  expect(set.restore()).toEqual([]);
  expect(getChannels('s0', { netns }).current.rx).toBe(1);
});

test('`using` gives everything back', () => {
  const before = state();
  setCoalescing('tap0', { rxFrames: 8 }, { netns });
  {
    using _set = changeSettings('tap0', { coalescing: { rxFrames: 16 } }, { netns });
    expect(getCoalescing('tap0', { netns })).toEqual({ rxFrames: 16 });
  }
  expect(getCoalescing('tap0', { netns })).toEqual({ rxFrames: 8 });
  setCoalescing('tap0', { rxFrames: 0 }, { netns });
  expect(state()).toEqual(before);
});

test('the changes are plain data that another process can undo, offloads among them', () => {
  const before = state();
  const set = changeSettings('s0', { channels: { rx: 1 }, features: { 'rx-gro': true } }, { netns });
  const quiet = quietOffloads('s0', { netns });
  const changes: SettingChange[] = [...set.changes, ...quiet.changes];
  expect(JSON.parse(JSON.stringify(changes))).toEqual(changes);
  const module = new URL('../../dist/netdev/index.js', import.meta.url);
  const script = `import { restoreSettings } from '${module}';
    console.log(restoreSettings(JSON.parse(process.argv[1])).length);`;
  const args = ['--input-type=module', '-e', script, JSON.stringify(changes)];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe('0');
  expect(state()).toEqual(before);
});

describe('a refused setting undoes those before it', () => {
  test.each([
    ['a feature that is fixed', { features: { 'rx-ntuple-filter': true } }, 'XDP_ERR_PLATFORM'],
    ['a feature that nobody knows', { features: { 'no-such': true } }, 'XDP_ERR_USAGE'],
    ['too many channels', { channels: { rx: 2, tx: 9 } }, 'XDP_ERR_NETLINK'],
    ['channels of a kind it has none of', { channels: { rx: 2, combined: 1 } }, 'XDP_ERR_PLATFORM'],
    ['rings', { channels: { rx: 2 }, rings: { rx: 512 } }, 'XDP_ERR_PLATFORM'],
    ['flow rules', { channels: { rx: 2 }, flowRules: [rule] }, 'XDP_ERR_PLATFORM'],
  ])('%s', (_, wanted, code) => {
    const before = state();
    expect(() => changeSettings('s0', wanted, { netns })).toThrow(expect.objectContaining({ code }));
    expect(state()).toEqual(before);
  });

  test('a rule that the driver refuses', () => {
    const before = state();
    const driver = ntupleDriver();
    driver.failing = new Map([[0x32, Errno.EINVAL]]);
    const wanted = { channels: { rx: 2 }, features: { 'rx-gro': true }, flowRules: [rule] };
    expect(() => changeSettings('s0', wanted, { netns })).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
    expect(state()).toEqual(before);
  });
});

describe('flow rules', () => {
  const other: FlowRule = { type: 'tcp6', match: { sourceIp: '2001:db8::/32' }, action: 'drop', location: 1 };

  test('are added and taken away; one there was already stays', () => {
    ntupleDriver();
    addFlowRule('s0', rule, { netns });
    const before = listFlowRules('s0', { netns });
    const set = changeSettings('s0', { flowRules: [rule, other] }, { netns });
    expect(set.changes).toEqual([expect.objectContaining({ setting: 'flow rule', added: other })]);
    expect(listFlowRules('s0', { netns })).toEqual([other, ...before]);
    expect(set.restore()).toEqual([]);
    expect(listFlowRules('s0', { netns })).toEqual(before);
  });

  test('are known by what they do, wherever the driver put them', () => {
    const driver = ntupleDriver({ special: true });
    const set = changeSettings('s0', { flowRules: [rule] }, { netns });
    const [location, bytes] = [...driver.rules][0]!;
    driver.rules.delete(location);
    driver.rules.set(location + 3, bytes);
    expect(set.restore()).toEqual([]);
    expect(driver.rules.size).toBe(0);
  });

  test('that were taken away meanwhile are no matter, and one that stays is told', () => {
    const driver = ntupleDriver();
    const gone = changeSettings('s0', { flowRules: [rule] }, { netns });
    driver.rules.clear();
    expect(gone.restore()).toEqual([]);
    const stays = changeSettings('s0', { flowRules: [rule] }, { netns });
    driver.failing = new Map([[0x31, Errno.EBUSY]]);
    expect(stays.restore()).toEqual(stays.changes);
  });
});

test('channels that the driver holds are told, not thrown', () => {
  const set = changeSettings('s0', { channels: { rx: 2 } }, { netns });
  // veth lets nobody have fewer RX queues than its peer sends on, while it has a program: the same refusal by hand.
  const impossible = set.changes.map((change) => ({ ...change, before: { rx: 99 } })) as SettingChange[];
  expect(restoreSettings(impossible)).toEqual(impossible);
  expect(set.restore()).toEqual([]);
});

test('the interface or its namespace going away first', () => {
  const set = changeSettings('s0', { channels: { rx: 2 }, features: { 'rx-gro': true } }, { netns });
  const late = changeSettings('tap0', { coalescing: { rxFrames: 4 } }, { netns });
  deleteLink('s0', { netns });
  expect(set.restore()).toEqual([]);
  lab.close();
  expect(late.restore()).toEqual([]);
});
