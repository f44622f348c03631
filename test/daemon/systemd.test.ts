// needs: ip, nsenter, systemd-analyze, python3
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { PORTS } from '../e2e/test-bed.js';
import { DaemonBed } from './daemon-bed.js';

vi.setConfig({ testTimeout: 60_000 });
const UNIT = fileURLToPath(new URL('../../systemd/xdpkit-bridge@.service', import.meta.url));

test('the unit is one that systemd takes', async () => {
  const instance = UNIT.replace('@.', '@edge.');
  // It looks for programs and units of this machine, too: what it says of others is none of ours.
  const { stdout, stderr } = await run(['systemd-analyze', 'verify', '--man=no', instance]);
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('xdpkit'))).toEqual([]);
  expect(readFileSync(UNIT, 'utf8')).toContain(
    '\nExecStart=/usr/bin/env xdpkit bridge $INTERFACES --name %i $OPTIONS\n',
  );
});

/** What a service manager does: it listens, says where, and makes standard error the journal. */
const MANAGER = `
import os, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1].replace('@', '\\0', 1))
journal = os.fstat(2)
env = dict(os.environ, NOTIFY_SOCKET=sys.argv[1], JOURNAL_STREAM=f'{journal.st_dev}:{journal.st_ino}')
service = subprocess.Popen(sys.argv[2:], env=env)
while True:
    message = listener.recv(4096).decode()
    print(message.replace('\\n', ' '), flush=True)
    if message.startswith('READY'):
        service.terminate()
    if message.startswith('STOPPING'):
        break
sys.exit(service.wait())
`;

test.each(['socket', 'abstract'])(
  'a manager that listens at a %s hears when packets pass, and of the end',
  async (kind) => {
    await using daemons = new DaemonBed();
    const at = kind === 'socket' ? daemons.path('notify') : `@xdpkit-test-${process.pid}`;
    const service = [...XDPKIT, 'bridge', ...PORTS, '--name', 'edge'];
    await using manager = new Running(['python3', '-c', MANAGER, at, ...service], {
      netns: daemons.bed.netns,
      env: daemons.env,
    });
    const { status, stdout, stderr } = await manager.end();
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'READY=1 STATUS=port0 port1\nSTOPPING=1\n' });
    // The journal gets lines with their levels, and no tables.
    const lines = stderr.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^<[346]>/);
    expect(lines).toContain('<6>bridge port0 port1 runs, 1 worker');
    expect(lines).toContain('<6>ends: SIGTERM');
  },
);
