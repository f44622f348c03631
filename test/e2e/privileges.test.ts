// needs: setpriv, a checkout that every user can read
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jsonLines, summaryOf } from './json-lines.js';
import { Running, run, XDPKIT } from './running.js';
import { expectWhole, PORTS, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { pingAll } from './traffic.js';

const NOBODY = '65534';

/** The command as an unprivileged user who has these capabilities, and this much locked memory (bytes). */
function asNobody(command: readonly string[], capabilities: readonly string[] = [], memlock = 8 << 20): string[] {
  const sets = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const user = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--no-new-privs'];
  const limited = ['prlimit', `--memlock=${memlock}:${memlock}`, 'setpriv', ...user];
  // A /run/xdpkit that is this user's, as RuntimeDirectory= of a unit makes it.
  const own = `mount -t tmpfs -o uid=${NOBODY} xdpkit /run/xdpkit && exec "$@"`;
  const line = [...limited, `--inh-caps=${sets}`, `--ambient-caps=${sets}`, ...command];
  return ['unshare', '--mount', 'sh', '-c', `mkdir -p /run/xdpkit && ${own}`, 'sh', ...line];
}

let bed: TestBed;
let before: object;
beforeEach((context) => {
  needTools(context, 'setpriv', 'prlimit', 'unshare');
  bed = new TestBed([1, 1]);
  before = bed.state();
});
afterEach(() => {
  if (bed !== undefined) expect(bed.state()).toEqual(before);
  bed?.close();
});
const bridge = [...XDPKIT, 'bridge', ...PORTS];
const three = ['net_admin', 'net_raw', 'bpf'];

test('without any capability: one sentence that names them, and what to do', async () => {
  const { status, stdout, stderr } = await run(asNobody(bridge), { netns: bed.netns });
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  const names = 'CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF';
  expect(stderr.split('\n')).toEqual([
    `error: bridging needs ${names}; this process lacks ${names} [XDP_ERR_PERMISSION]`,
    '  run it as root (sudo), or see docs/privileges.md',
    '',
  ]);
});

test.each(three)('with all but %s: told by name', async (missing) => {
  const others = three.filter((name) => name !== missing);
  const { status, stdout } = await run(asNobody([...bridge, '--json'], others), { netns: bed.netns });
  expect(status).toBe(3);
  expect(jsonLines(stdout)).toMatchObject([
    { code: 'XDP_ERR_PERMISSION', message: expect.stringMatching(`this process lacks CAP_${missing.toUpperCase()}$`) },
  ]);
});

test('without CAP_IPC_LOCK and with a low limit of locked memory', async () => {
  const { status, stdout, stderr } = await run(asNobody([...bridge, '--json'], three, 1 << 20), { netns: bed.netns });
  expect({ status, stderr }, stdout).toEqual({ status: 3, stderr: '' });
  expect(jsonLines(stdout)).toMatchObject([
    {
      code: 'XDP_ERR_MEMLOCK',
      message: expect.stringContaining('1048576 bytes'),
      advice: expect.stringContaining('CAP_IPC_LOCK'),
    },
  ]);
});

test.for([
  ['CAP_IPC_LOCK', [...three, 'ipc_lock'], 1 << 20],
  ['a sufficient limit of locked memory', three, 64 << 20],
] as const)('three capabilities and %s are enough to bridge', async ([_, capabilities, memlock], { skip }) => {
  const raised = await run(['prlimit', `--memlock=${memlock}:${memlock}`, 'true']);
  skip(raised.status !== 0, 'the limit of locked memory can not be raised here (no CAP_SYS_RESOURCE)');
  await using running = new Running(asNobody([...bridge, '--json'], capabilities, memlock), { netns: bed.netns });
  await running.says(/"type":"start".*\n/);
  // The peers are out of an unprivileged user's reach: checksums are completed.
  expect(running.stdout).toMatch(/out of reach/);
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 10);
  running.kill('SIGTERM');
  const { status, stdout, stderr } = await running.end(20_000);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expectWhole(summaryOf(stdout));
});

test('xdpkit demo: one sentence, and exit code 3', async () => {
  const { status, stderr } = await run(asNobody([...XDPKIT, 'demo'], three));
  expect(status).toBe(3);
  expect(stderr).toMatch(
    /^error: the demonstration .* needs .*; this process lacks CAP_SYS_ADMIN \[XDP_ERR_PERMISSION]\n .*\n$/,
  );
});

test('capabilities that count only in a user namespace: told what else refuses it', async () => {
  // A network namespace that belongs to the user namespace, as a rootless container has it.
  const lab = 'ip link set lo up && ip link add u0 type veth peer name u1 && ip link set u0 up && ip link set u1 up';
  const line = ['unshare', '--user', '--map-root-user', '--net', 'sh', '-c', `${lab} && exec "$@"`, 'sh', ...XDPKIT];
  const { status, stdout } = await run([...line, 'bridge', 'u0', 'u1', '--json']);
  expect(status).toBe(3);
  expect(jsonLines(stdout)).toMatchObject([
    {
      code: 'XDP_ERR_PERMISSION',
      message: expect.stringMatching(/was refused, although the process has CAP_BPF and CAP_NET_ADMIN$/),
      advice: expect.stringMatching(/a user namespace .* docs\/privileges\.md$/),
    },
  ]);
});
