// needs: ip, ethtool, ping, bpftool
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Device, type DeviceOptions, recoverOffloads } from '../../dist/device/index.js';
import { XdpAction } from '../../dist/ebpf/index.js';
import { XdpLink, type XdpMode } from '../../dist/kernel/index.js';
import { createLab, getFeatures, getLink, type Lab, setLink } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { hasFragments } from '../../dist/xsk/index.js';
import { returning } from '../kernel/programs.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';

failOnLeaks();
let lab: Lab;
let netns: string;
let host: string;

beforeEach(() => {
  lab = createLab('device');
  netns = lab.namespace('bridge');
  const addresses = ['10.7.0.1/24'];
  host = lab.host('host', { addresses, queues: 2, port: { name: 'port0', netns, queues: 2 } }).netns;
});
afterEach(() => lab.close());

const open = (options: Partial<DeviceOptions> = {}, name = 'port0') =>
  Device.open(name, { capacity: 1792, netns, ...options });
const near = (name = 'port0') => getLink(name, { netns });
const features = () => ({
  host: Object.fromEntries(getFeatures('eth0', { netns: host })),
  bridge: Object.fromEntries(getFeatures('port0', { netns })),
});
const code = (name: string, rest = {}) => expect.objectContaining({ code: name, ...rest });
const journals = () => {
  const directory = '/run/xdpkit/offloads';
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(`${process.pid}-`)) : [];
};

describe('an interface that is open', () => {
  test('has our program, is seen whole, and is given back as it was', async () => {
    // Linux 6.1 tells of a new link's state up to a second late (net/core/link_watch.c).
    await expect.poll(() => near().state).toBe('up');
    const before = { features: features(), link: near() };
    const device = open({ promiscuous: true });
    expect(device.mode).toBe('native');
    expect(device.partialChecksums).toBe(false);
    expect(device.link).toMatchObject({ name: 'port0', queues: 2 });
    expect(near().xdp).toMatchObject([{ mode: 'native' }]);
    expect(near().promiscuity).toBe(before.link.promiscuity + 1);
    const quiet = features();
    expect(quiet.host['tx-checksum-ip-generic']?.active).toBe(false);
    expect(quiet.bridge['rx-gro']?.active).toBe(false);
    expect(device.notices).toEqual([expect.stringMatching(/^port0: switched off \d+ offloads of .*eth0/)]);
    expect(journals()).toHaveLength(1);

    device.close();
    device.close();
    expect({ features: features(), link: near() }).toEqual(before);
    expect(journals()).toEqual([]);
    expect(() => device.sockets.fd).toThrow(code('XDP_ERR_CLOSED'));
  });

  test('leaves packets of a queue without a socket to the host', () => {
    run(`ip -n ${netns} addr add 10.7.0.2/24 dev port0`);
    using device = open();
    expect([...device.sockets.entries()]).toEqual([]);
    run('ping -c 1 -W 2 10.7.0.2', host);
  });

  test('closes though the interface has gone', () => {
    using device = open({ promiscuous: true });
    run(`ip -n ${netns} link del port0`);
    device.close();
    expect(journals()).toEqual([]);
  });

  test('is opened twice in a row, and not twice at once', () => {
    using first = open();
    expect(() => open()).toThrow(
      code('XDP_ERR_FOREIGN_PROGRAM', { message: expect.stringContaining('xdpkit_redirect') }),
    );
    expect(near().xdp).toHaveLength(1);
    first.close();
    using second = open();
    expect(second.mode).toBe('native');
  });

  test('by a thread that is in its namespace', () => {
    const before = features();
    const device = withNamespace<Device>(netns, () => Device.open('port0', { capacity: 1792 }));
    expect(near().xdp).toHaveLength(1);
    withNamespace<void>(netns, () => device.close());
    expect(near().xdp).toEqual([]);
    expect(features()).toEqual(before);
  });
});

describe('what is refused leaves everything as it was', () => {
  let before: ReturnType<typeof features>;
  beforeEach(() => {
    before = features();
  });
  afterEach(() => {
    expect(features()).toEqual(before);
    expect(journals()).toEqual([]);
    expect(near().promiscuity).toBe(0);
  });

  test.each(['native', 'generic'] as const)(
    'a program of somebody else, in %s mode: named, and still there',
    (mode: XdpMode) => {
      using program = returning(XdpAction.pass, 'somebody_else');
      using attached = withNamespace<XdpLink>(netns, () => XdpLink.attach(program, near(), mode));
      const { id } = program.info;
      expect(() => open()).toThrow(
        code('XDP_ERR_FOREIGN_PROGRAM', {
          message: `the XDP program somebody_else (id ${id}) is already attached to port0 in ${mode} mode`,
          advice: expect.stringContaining(mode === 'native' ? 'xdpdrv off' : 'xdpgeneric off'),
        }),
      );
      expect(() => open({ force: true })).toThrow(code('XDP_ERR_FOREIGN_PROGRAM'));
      expect(near().xdp).toEqual([{ mode, programId: id }]);
      expect(attached.mode).toBe(mode);
    },
  );

  test('an interface that carries the default route, unless forced', () => {
    run(`ip -n ${netns} addr add 10.7.0.2/24 dev port0`);
    run(`ip -n ${netns} route add default via 10.7.0.1`);
    expect(() => open()).toThrow(
      code('XDP_ERR_PROTECTED', {
        message: 'port0 carries the default route',
        advice: expect.stringContaining('--force'),
      }),
    );
    expect(near().xdp).toEqual([]);
    using device = open({ force: true });
    expect(device.mode).toBe('native');
    device.close();
  });

  test('an interface with an IPv6 default route', () => {
    run(`ip -n ${netns} addr add 2001:db8::2/64 dev port0 nodad`);
    run(`ip -n ${netns} route add default via 2001:db8::1`);
    expect(() => open()).toThrow(code('XDP_ERR_PROTECTED'));
  });

  test('an interface that this session comes in by', () => {
    run(`ip -n ${netns} addr add 10.7.0.2/24 dev port0`);
    vi.stubEnv('SSH_CONNECTION', '10.7.0.1 50000 10.7.0.2 22');
    try {
      const here = (options = {}) =>
        withNamespace<void>(netns, () => Device.open('port0', { capacity: 1792, ...options }).close());
      expect(() => here()).toThrow(code('XDP_ERR_PROTECTED', { message: expect.stringContaining('this session') }));
      here({ force: true });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('an interface that is down', () => {
    setLink('port0', { up: false }, { netns });
    expect(() => open()).toThrow(code('XDP_ERR_INTERFACE_DOWN', { advice: 'ip link set port0 up' }));
  });

  test('frames that do not fit', () => {
    setLink('port0', { mtu: 9000 }, { netns });
    expect(() => open()).toThrow(code('XDP_ERR_MTU'));
    expect(() => open({ capacity: 3840 })).toThrow(code('XDP_ERR_MTU'));
    // Room for 14 bytes of Ethernet header and two VLAN tags.
    setLink('port0', { mtu: 1792 - 22 + 1 }, { netns });
    expect(() => open()).toThrow(code('XDP_ERR_MTU'));
    setLink('port0', { mtu: 1792 - 22 }, { netns });
    open().close();
  });

  test.runIf(hasFragments())('frames that do not fit, and may come in several fragments (Linux 6.6)', () => {
    setLink('eth0', { mtu: 9000 }, { netns: host });
    setLink('port0', { mtu: 9000 }, { netns });
    using device = open({ capacity: 3840, fragments: true });
    expect(device.mode).toBe('native');
    expect(device.features?.xdp).toContain('rx-sg');
    run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
    setLink('tap0', { up: true, mtu: 9000 }, { netns });
    const native = { capacity: 3840, fragments: true, mode: 'native' } as const;
    expect(() => open(native, 'tap0')).toThrow(code('XDP_ERR_MTU', { advice: expect.stringContaining('generic') }));
    using tap = open({ ...native, mode: 'auto' }, 'tap0');
    expect(tap.mode).toBe('generic');
    expect(tap.notices).toContainEqual(
      expect.stringMatching(/tap0: its driver \(tun\) can't hand over .* generic mode/),
    );
  });

  test("frames of a veth peer that are too long for its driver's native mode", () => {
    setLink('eth0', { mtu: 9000 }, { netns: host });
    expect(() => open()).toThrow(code('XDP_ERR_MTU', { message: expect.stringContaining('peer') }));
  });

  test('an interface that is not there', () => {
    expect(() => open({}, 'nope')).toThrow(
      code('XDP_ERR_NO_INTERFACE', { advice: expect.stringMatching(/lo, port0/) }),
    );
    expect(() => open({ netns: 'xdpkit-none' })).toThrow(code('XDP_ERR_NO_NAMESPACE'));
  });

  test('a driver that refuses the program after the offloads were switched', () => {
    // veth wants as many receive queues as its peer has for sending: the open fails at its last step.
    run('ethtool -L eth0 tx 1', host);
    run('ethtool -L port0 rx 1', netns);
    run('ethtool -L eth0 tx 2', host);
    expect(() => open({ mode: 'native', promiscuous: true })).toThrow(
      code('XDP_ERR_NATIVE_UNSUPPORTED', { advice: expect.stringContaining('ethtool -L port0') }),
    );
    using device = open({ mode: 'auto' });
    expect(device.mode).toBe('generic');
    device.close();
  });
});

describe('drivers', () => {
  test('without native XDP: auto falls back, and says so', () => {
    run(`ip -n ${netns} link add br0 type bridge`);
    run(`ip -n ${netns} link set br0 up`);
    using device = open({}, 'br0');
    expect(device.mode).toBe('generic');
    expect(near('br0').xdp).toMatchObject([{ mode: 'generic' }]);
    expect(device.notices).toContainEqual(expect.stringMatching(/^br0: .*generic mode, which is slower$/));
    device.close();
    expect(near('br0').xdp).toEqual([]);
    expect(() => open({ mode: 'native' }, 'br0')).toThrow(code('XDP_ERR_NATIVE_UNSUPPORTED'));
  });

  test('generic when it is asked for', () => {
    using device = open({ mode: 'generic' });
    expect(device.mode).toBe('generic');
    expect(near().xdp).toMatchObject([{ mode: 'generic' }]);
  });

  test('a tap: packets of a virtual machine may lack their checksums', () => {
    run(`ip -n ${netns} tuntap add dev tap0 mode tap`);
    run(`ip -n ${netns} link set tap0 up`);
    using device = open({}, 'tap0');
    expect(device.partialChecksums).toBe(true);
  });
});

describe('a killed holder', () => {
  const kill = async (where: string) => {
    const fixture = fileURLToPath(new URL('./device-holder.mjs', import.meta.url));
    const child = spawn(process.execPath, [fixture, where, 'port0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      expect(near().xdp).toHaveLength(1);
      expect(features().host['tx-checksum-ip-generic']?.active).toBe(false);
      // As long as it lives its changes are nobody else's business.
      expect(withNamespace<string[]>(where, () => recoverOffloads())).toEqual([]);
      expect(features().host['tx-checksum-ip-generic']?.active).toBe(false);
    } finally {
      child.kill('SIGKILL');
    }
    await gone;
    await expect.poll(() => near().xdp, { timeout: patient(1_000) }).toEqual([]);
  };

  // Journals of a namespace are for whoever is in it: no other process on this machine gets in between.
  test('has its offloads put back by the next open', async () => {
    const before = features();
    await kill(netns);
    expect(near().promiscuity).toBe(0);
    expect(features()).not.toEqual(before);
    const device = withNamespace<Device>(netns, () => Device.open('port0', { capacity: 1792 }));
    expect(device.notices[0]).toMatch(/^put back the offloads of (eth0|port0) that a killed run had left off$/);
    withNamespace<void>(netns, () => device.close());
    expect(features()).toEqual(before);
    expect(withNamespace<string[]>(netns, () => recoverOffloads())).toEqual([]);
  });

  test('has its offloads put back from its own namespace, and from no other', async () => {
    const before = features();
    await kill(netns);
    recoverOffloads();
    expect(features()).not.toEqual(before);
    expect(withNamespace<string[]>(netns, () => recoverOffloads()).toSorted()).toEqual(['eth0', 'port0']);
    expect(features()).toEqual(before);
  });
});
