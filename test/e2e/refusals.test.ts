// needs: ip, bpftool
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getLink, setLink } from '../../dist/netdev/index.js';
import { jsonLines } from './json-lines.js';
import { COMPILER, compile } from './programs.js';
import { Running, succeed } from './running.js';
import { PORTS, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { pingAll } from './traffic.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed([2, 2]);
});
afterEach(() => bed.close());

const ip = (command: string, netns = bed.netns) => succeed(['ip', ...command.split(' ')], { netns });

/** That a start with these arguments ends so, and leaves everything as it was. */
async function expectRefused(
  args: string,
  expected: { status: number; code: string; message: RegExp; advice?: RegExp },
): Promise<void> {
  const before = bed.state();
  const { status, stdout, stderr } = await bed.refused(...args.split(' '), '--json');
  expect({ status, stderr }, stdout).toEqual({ status: expected.status, stderr: '' });
  expect(jsonLines(stdout)).toEqual([
    expect.objectContaining({
      type: 'error',
      code: expected.code,
      message: expect.stringMatching(expected.message),
      ...(expected.advice && { advice: expect.stringMatching(expected.advice) }),
    }),
  ]);
  expect(bed.state()).toEqual(before);
}

test('people are told in two lines: what, with its code, and what to do', async () => {
  setLink('port1', { up: false }, { netns: bed.netns });
  expect(await bed.refused('port0', 'port1')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'error: port1 is down [XDP_ERR_INTERFACE_DOWN]\n  ip link set port1 up\n',
  });
});

describe('interfaces', () => {
  test('that are not there', async () => {
    const gone = { status: 1, code: 'XDP_ERR_NO_INTERFACE', message: /"nope"/, advice: /lo, port0, port1/ };
    await expectRefused('nope port1', gone);
    await expectRefused('port0 nope', gone);
  });

  test('in a namespace that is not there', async () => {
    const message = /no network namespace xdpkit-nowhere/;
    await expectRefused('port0 port1 --netns xdpkit-nowhere', { status: 1, code: 'XDP_ERR_NO_NAMESPACE', message });
  });

  test('that are down', async () => {
    setLink('port1', { up: false }, { netns: bed.netns });
    await expectRefused('port0 port1', {
      status: 1,
      code: 'XDP_ERR_INTERFACE_DOWN',
      message: /port1 is down/,
      advice: /ip link set port1 up/,
    });
  });

  test('named twice', async () => {
    await expectRefused('port0 port0', { status: 2, code: 'XDP_ERR_USAGE', message: /named twice/ });
  });

  test('that are one and the same by an alternative name', async () => {
    await ip('link property add dev port0 altname the-very-same-port');
    await expectRefused('port0 the-very-same-port', { status: 2, code: 'XDP_ERR_USAGE', message: /twice|same/ });
  });

  test('with fewer queues than workers', async () => {
    await expectRefused('port0 port1 --workers 3', {
      status: 1,
      code: 'XDP_ERR_NO_QUEUE',
      message: /port0 has 2/,
      advice: /--workers 2/,
    });
  });

  test('whose MTU is larger than a frame, with a driver that hands over no fragments', async () => {
    await ip('tuntap add dev tap0 mode tap');
    await ip('link set tap0 mtu 9000 up');
    await expectRefused('port0 tap0 --mode native', {
      status: 1,
      code: 'XDP_ERR_MTU',
      message: /tap0 has an MTU of 9000.*tun.*rx-sg/,
      advice: /--mode generic/,
    });
    // By default it falls back, and says so.
    await using bridge = await bed.bridgeOf(['port0', 'tap0']);
    expect(bridge.stdout).toMatch(/tap0: its driver .*9000.*generic mode, which is slower/);
    await bridge.stop();
  });

  test('that carry the default route, unless forced', async () => {
    await ip('addr add 10.8.0.9/24 dev port1');
    await ip('route add default via 10.8.0.1 dev port1');
    await expectRefused('port0 port1', {
      status: 5,
      code: 'XDP_ERR_PROTECTED',
      message: /port1 carries the default route/,
      advice: /--force/,
    });
    const before = bed.state();
    await using bridge = await bed.bridge('--force');
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 5);
    await bridge.stop();
    expect(bed.state()).toEqual(before);
  });
});

describe('drivers', () => {
  test.each([
    ['a Linux bridge', 'link add odd type bridge'],
    ['a macvlan', 'link add odd link port1 type macvlan'],
  ])('without native XDP: %s', async (_, command) => {
    await ip(command);
    await ip('link set odd up');
    await expectRefused('port0 odd --mode native', {
      status: 4,
      code: 'XDP_ERR_NATIVE_UNSUPPORTED',
      message: /odd/,
      advice: /--mode generic|--mode auto/,
    });
    expect(getLink('odd', { netns: bed.netns })).toMatchObject({ xdp: [], promiscuity: 0 });
    // By default it falls back, and says so.
    await using bridge = await bed.bridgeOf(['port0', 'odd']);
    expect(bridge.stdout).toMatch(/odd: .*generic mode, which is slower/);
    await bridge.stop();
  });

  test('without zero-copy', async () => {
    await expectRefused('port0 port1 --zero-copy on', {
      status: 4,
      code: 'XDP_ERR_ZEROCOPY_UNSUPPORTED',
      message: /port0/,
      advice: /--zero-copy auto/,
    });
  });
});

describe('conflicts', () => {
  test.each([
    [0, 1],
    [1, 0],
  ])('another AF_XDP socket holds queue %i of interface %i', async (queue, port) => {
    const fixture = fileURLToPath(new URL('../xsk/queue-holder.mjs', import.meta.url));
    await using holder = new Running([process.execPath, fixture, bed.netns, PORTS[port]!, `${queue}`]);
    await holder.says(/bound/);
    await expectRefused('port0 port1', {
      status: 5,
      code: 'XDP_ERR_QUEUE_TAKEN',
      message: new RegExp(`queue ${queue} of port${port}`),
      advice: /ss --xdp/,
    });
    holder.kill('SIGKILL');
    await holder.end();
    await using bridge = await bed.bridge();
    await bridge.stop();
  });

  test.for([
    ['port0', 'xdp', 'native'],
    ['port1', 'xdp', 'native'],
    ['port0', 'xdpgeneric', 'generic'],
    ['port1', 'xdpgeneric', 'generic'],
  ] as const)('somebody else’s program on %s, attached by ip link set %s', async ([port, how, mode], context) => {
    needTools(context, ...COMPILER);
    const attached = () => getLink(port, { netns: bed.netns }).xdp;
    await using _ = await attachForeign(port, how);
    const before = attached();
    expect(before).toEqual([{ mode, programId: expect.any(Number) }]);
    const { programId } = before[0]!;
    for (const force of ['', ' --force']) {
      await expectRefused(`port0 port1${force}`, {
        status: 5,
        code: 'XDP_ERR_FOREIGN_PROGRAM',
        message: new RegExp(`somebody_else \\(id ${programId}\\) is already attached to ${port} in ${mode} mode`),
        advice: new RegExp(`ip link set dev ${port} ${mode === 'native' ? 'xdpdrv' : 'xdpgeneric'} off`),
      });
    }
    expect(attached()).toEqual(before);
  });

  test('another run of xdpkit', async () => {
    await using bridge = await bed.bridge();
    await expectRefused('port0 port1', { status: 5, code: 'XDP_ERR_FOREIGN_PROGRAM', message: /xdpkit_redirect/ });
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 5);
    await bridge.stop();
  });

  test('a program that comes to an interface of a running bridge is not taken off at its end', async (context) => {
    needTools(context, ...COMPILER);
    using program = await compile('foreign');
    await using bridge = await bed.bridge();
    // Beside ours in native mode the kernel lets nobody attach, in neither mode.
    await expect(ip(`link set dev port0 xdpgeneric obj ${program.object} sec xdp`)).rejects.toThrow();
    await expect(ip('link set dev port0 xdp off')).rejects.toThrow();
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 5);
    await bridge.stop();
  });
});

/** Attaches a program as an administrator does, and takes it off at the end. */
async function attachForeign(port: string, how: 'xdp' | 'xdpgeneric'): Promise<AsyncDisposable> {
  using program = await compile('foreign');
  await ip(`link set dev ${port} ${how} obj ${program.object} sec xdp`);
  return {
    async [Symbol.asyncDispose]() {
      await ip(`link set dev ${port} ${how} off`);
    },
  };
}
