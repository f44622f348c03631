// needs: ip, ethtool
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLab,
  getChannels,
  getCoalescing,
  getRings,
  type Lab,
  listLinks,
  setChannels,
  setCoalescing,
  setRings,
  Tap,
} from '../../dist/netdev/index.js';
import { failOnLeaks, run } from './oracle.js';

failOnLeaks();
let lab: Lab;
let netns: string;

beforeAll(() => {
  lab = createLab('numbers');
  netns = lab.namespace('host');
  lab.veth({ name: 'c0', netns, queues: 4, peer: { name: 'c1', netns, queues: 2 } });
  run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
  run(`ip -n ${netns} tuntap add dev tapm mode tap multi_queue`);
  run(`ip -n ${netns} link add br0 type bridge`);
});
afterAll(() => lab.close());

type Numbers = Record<string, number>;

/**
 * What `ethtool -l` and `-g` print, which version 6.1 has no JSON for: two blocks of names with a number or `n/a`.
 *
 * @returns `undefined` when it says that the device has none of it
 */
function ethtool(
  option: '-l' | '-g',
  name: string,
  where?: string,
): { current: Numbers; maximum: Numbers } | undefined {
  const names: Record<string, string> = {
    RX: 'rx',
    TX: 'tx',
    Other: 'other',
    Combined: 'combined',
    'RX Mini': 'rxMini',
    'RX Jumbo': 'rxJumbo',
  };
  let text: string;
  try {
    text = run(`ethtool ${option} ${name}`, where);
  } catch {
    return undefined;
  }
  const [maximum = '', current = ''] = text.split('Current hardware settings:');
  const numbers = (block: string) =>
    Object.fromEntries(
      [...block.matchAll(/^([A-Za-z ]+):\s+(\d+)$/gm)].flatMap(([, key = '', value]) =>
        names[key] === undefined ? [] : [[names[key], Number(value)]],
      ),
    );
  return { current: numbers(current), maximum: numbers(maximum) };
}

const orNone = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    expect(error).toMatchObject({ code: 'XDP_ERR_PLATFORM', errnoName: 'EOPNOTSUPP', exitCode: 4 });
    return undefined;
  }
};

describe('what ethtool says', () => {
  test('channels and rings of veth, tap, bridge and loopback', () => {
    using _tap = new Tap({ name: 'tapq', netns, queues: 3 });
    const names = listLinks({ netns }).map(({ name }) => name);
    expect(names).toHaveLength(7);
    for (const name of names) {
      expect([name, orNone(() => getChannels(name, { netns }))]).toEqual([name, ethtool('-l', name, netns)]);
      expect([name, orNone(() => getRings(name, { netns }))]).toEqual([name, ethtool('-g', name, netns)]);
    }
    expect(getChannels('c0', { netns })).toEqual({ current: { rx: 4, tx: 4 }, maximum: { rx: 4, tx: 4 } });
    // Older kernels know no channels of a tap.
    const ofTap = { current: { combined: 3 }, maximum: { combined: 256 } };
    expect([undefined, ofTap]).toContainEqual(orNone(() => getChannels('tapq', { netns })));
  });

  test('of the interfaces this machine has', () => {
    for (const { name } of listLinks()) {
      expect([name, orNone(() => getChannels(name))]).toEqual([name, ethtool('-l', name)]);
      expect([name, orNone(() => getRings(name))]).toEqual([name, ethtool('-g', name)]);
    }
  });

  test('coalescing of a tap', () => {
    run('ethtool -C tap0 rx-frames 16', netns);
    expect(getCoalescing('tap0', { netns })).toEqual({ rxFrames: 16 });
    setCoalescing('tap0', { rxFrames: 32 }, { netns });
    expect(run('ethtool -c tap0', netns)).toMatch(/^rx-frames:\s+32$/m);
  });
});

describe('setting', () => {
  test('channels, each on its own', () => {
    setChannels('c0', { rx: 3 }, { netns });
    setChannels('c0', { tx: 2 }, { netns });
    expect(ethtool('-l', 'c0', netns)?.current).toEqual({ rx: 3, tx: 2 });
    setChannels('c0', { rx: 4, tx: 4 }, { netns });
    expect(ethtool('-l', 'c0', netns)?.current).toEqual({ rx: 4, tx: 4 });
  });

  test('more than there can be is refused in the words of the kernel', () => {
    expect(() => setChannels('c0', { rx: 5 }, { netns })).toThrow(
      expect.objectContaining({
        code: 'XDP_ERR_NETLINK',
        errnoName: 'EINVAL',
        message: expect.stringContaining('requested channel count exceeds maximum'),
      }),
    );
  });

  test('a value that the driver lacks is too', () => {
    expect(() => setCoalescing('tap0', { txFrames: 7 }, { netns })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_NETLINK', message: expect.stringContaining('unsupported parameter') }),
    );
  });

  test.each([
    ['rings of a veth', () => setRings('c0', { rx: 512 }, { netns }), 'the driver of c0 (veth) has no ring sizes'],
    ['rings of loopback', () => getRings('lo', { netns }), 'lo has no ring sizes'],
    ['channels of a bridge', () => getChannels('br0', { netns }), 'the driver of br0 (bridge) has no channels'],
    [
      'coalescing of a veth',
      () => getCoalescing('c0', { netns }),
      'the driver of c0 (veth) has no interrupt coalescing',
    ],
  ])('what a driver lacks is said so: %s', (_, attempt, words) => {
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_PLATFORM', message: expect.stringContaining(words) }),
    );
  });
});
