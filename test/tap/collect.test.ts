// needs: tshark, unshare, mount
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TapDirection, type TapProducer, TapQueue } from '../../dist/tap/index.js';
import { describedFrame, readCapture } from '../../dist/wire/index.js';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { tsharkFields } from '../wire/tshark.js';
import { tapName } from './tap-bed.js';

const dns = describedFrame('udp 10.0.0.1:5000 > 10.0.0.2:53, 90 bytes');
const web = describedFrame('tcp [2001:db8::1]:5000 > [2001:db8::2]:443, 80 bytes');
/** A busy machine starts processes slowly. */
const SLOW = 120_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpkit-collect-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function makeTap(): TapQueue {
  return TapQueue.create({
    name: tapName(),
    bytes: 1 << 20,
    interfaces: ['port0', 'port1'],
    drops: ['drop set'],
    faults: ['corrupted', 'delayed by {} µs'],
  });
}

/** Three packets in this second: received, dropped, and sent with a fault. */
function writeThree(producer: TapProducer, seconds = 1_700_000_000): void {
  producer.write(dns, 0, dns.length, 0, TapDirection.in, seconds, 1);
  producer.write(web, 0, web.length, 0, TapDirection.in, seconds, 123_456_789, 1);
  producer.write(web, 0, web.length, 1, TapDirection.out, seconds, 999_999_999, 0, 2, 20_000);
  producer.publish();
}

const FIELDS = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.time_epoch', 'frame.comment'] as const;
const THREE = [
  ['port0', '0x00000001', '1700000000.000000001', ''],
  ['port0', '0x00000001', '1700000000.123456789', 'dropped: drop set'],
  ['port1', '0x00000002', '1700000000.999999999', 'delayed by 20000 µs'],
].map((row) => Object.fromEntries(FIELDS.map((field, i) => [field, row[i]])));

test(
  'a file for tshark: interfaces, directions, nanoseconds, comments',
  async () => {
    using tap = makeTap();
    writeThree(tap.producer(0));
    const file = join(directory, 'three.pcapng');
    const { status, stdout, stderr } = await run(
      [...XDPKIT, 'collect', '-q', tap.name, '-w', file, '-n', '3', '--json'],
      {},
      SLOW,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'summary',
      packets: 3,
      bytes: 250,
      filtered: 0,
      files: 1,
      tap: { tapped: 3, collected: 3, lost: 0, abandoned: 0, queued: 0 },
    });
    expect(tsharkFields(file, FIELDS)).toEqual(THREE);
    const found: number[] = [];
    for await (const { bytes } of readCapture([readFileSync(file)])) found.push(bytes.length);
    expect(found).toEqual([90, 80, 80]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  },
  SLOW,
);

test(
  'lines, with what happened, of what matches an expression',
  async () => {
    using tap = makeTap();
    writeThree(tap.producer(0));
    const { status, stdout, stderr } = await run(
      [...XDPKIT, 'collect', 'tcp', 'port', '443', '-q', tap.name, '-n', '2'],
      {},
      SLOW,
    );
    expect(status).toBe(0);
    const lines = stdout.replaceAll(/^\d\d:\d\d:\d\d/gm, 'TIME').split('\n');
    expect(lines).toEqual([
      'TIME.123456789 port0 in  TCP [2001:db8::1]:5000 > [2001:db8::2]:443, 80 bytes  [dropped: drop set]',
      'TIME.999999999 port1 out TCP [2001:db8::1]:5000 > [2001:db8::2]:443, 80 bytes  [delayed by 20000 µs]',
      '',
    ]);
    expect(stderr).toContain('collected 2 packets of 160 bytes; 1 did not match; of 3 tapped 0 were lost');
  },
  SLOW,
);

test(
  'standard output for tshark, which may go away',
  async () => {
    using tap = makeTap();
    const producer = tap.producer(0);
    const collect = `${XDPKIT.join(' ')} collect -q ${tap.name} -w -`;
    const tshark = 'tshark -n -l -r - -c 3 -T fields -e frame.comment';
    await using pipe = new Running([
      'bash',
      '-c',
      `${collect} | ${tshark}; echo "collect ended with \${PIPESTATUS[0]}"`,
    ]);
    writeThree(producer);
    // It hears that tshark has gone when it has something to write.
    const timer = setInterval(() => writeThree(producer), 20);
    const { stdout } = await pipe.end(SLOW);
    clearInterval(timer);
    expect(stdout.split('\n')).toEqual(['', 'dropped: drop set', 'delayed by 20000 µs', 'collect ended with 0', '']);
  },
  SLOW,
);

test(
  'files rotate by size, and the oldest go',
  async () => {
    using tap = makeTap();
    const producer = tap.producer(0);
    const name = join(directory, 'rotating.pcap');
    const command = [...XDPKIT, 'collect', '-q', tap.name, '-w', name, '--rotate-size', '1k', '--files', '3'];
    await using collect = new Running(command);
    let written = 0;
    while (readdirSync(directory).filter((file) => /rotating-0000[4-9]/.test(file)).length < 2) {
      for (let i = 0; i < 4; i++, written++) writeThree(producer, written);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    collect.kill('SIGINT');
    expect((await collect.end()).status).toBe(130);
    const files = readdirSync(directory)
      .filter((file) => file.startsWith('rotating-'))
      .sort();
    expect(files).toHaveLength(3);
    const times = files.flatMap((file) => tsharkFields(join(directory, file), ['frame.time_epoch']));
    expect(times.length).toBeGreaterThan(0);
    const seconds = times.map((row) => Number(row['frame.time_epoch'].split('.')[0]));
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  },
  SLOW,
);

test(
  'without a tap it says so, or waits for one; it ends with the tap',
  async () => {
    const name = tapName();
    const { status, stderr } = await run([...XDPKIT, 'collect', '-q', name], {}, SLOW);
    expect(status).toBe(1);
    expect(stderr).toContain(`there is no tap ${name} [XDP_ERR_NO_TAP]`);
    await using collect = new Running([...XDPKIT, 'collect', '-q', name, '--wait', '--json']);
    await collect.says(/waiting for the tap/, SLOW);
    const tap = TapQueue.create({ name, interfaces: ['port0', 'port1'] });
    writeThree(tap.producer(0));
    await collect.says(/"interface":"port1","direction":"out"/, SLOW);
    tap.close();
    expect(await collect.end(SLOW)).toMatchObject({ status: 0, stdout: expect.stringContaining('"packets":3') });
  },
  SLOW,
);

test.each([
  [['-w', '-', '--json'], /both want standard output/],
  [['--rotate-size', '1k'], /only a file rotates/],
  [['-w', 'x', '--files', '2'], /--files needs/],
  [['tcp', 'prot', '80'], /XDP_ERR_EXPRESSION/],
])(
  '%s is refused',
  async (args, message) => {
    const { status, stdout, stderr } = await run([...XDPKIT, 'collect', ...args], {}, SLOW);
    expect(status).toBe(2);
    expect(stdout + stderr).toMatch(message);
  },
  SLOW,
);

test(
  'Wireshark shows the tap as an interface, and captures',
  async () => {
    using tap = makeTap();
    const extcap = join(directory, 'extcap');
    await run([...XDPKIT, 'extcap', '--install', extcap], {}, SLOW);
    // Wireshark 4.0 looks in one folder of the machine only: it sees ours there, and nobody else does.
    const folders = execFileSync('tshark', ['-G', 'folders'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const folder = /^(?:Global )?Extcap path:\s*(.+)$/m.exec(folders)![1]!;
    const tshark = ['unshare', '-m', 'sh', '-c', `mount --bind ${extcap} ${folder} && exec tshark "$@"`, 'tshark'];
    expect((await run([...tshark, '-D'], {}, SLOW)).stdout).toContain(`xdpkit-${tap.name} (xdpkit tap ${tap.name})`);
    expect((await run([...tshark, '-i', `xdpkit-${tap.name}`, '-L'], {}, SLOW)).stdout).toContain('EN10MB');

    writeThree(tap.producer(0));
    const fields = FIELDS.flatMap((field) => ['-e', field]);
    const command = [...tshark, '-n', '-i', `xdpkit-${tap.name}`, '-c', '3', '-T', 'fields', ...fields];
    const { status, stdout } = await run(command, {}, SLOW);
    expect(status).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')),
    ).toEqual(THREE.map((row) => FIELDS.map((field) => row[field])));
    await expect.poll(() => tap.status().consumers, { timeout: 60_000 }).toEqual([]);
    const filter = ['extcap', '--extcap-interface', `xdpkit-${tap.name}`, '--extcap-capture-filter'];
    expect((await run([...XDPKIT, ...filter, 'tcp port 443'], {}, SLOW)).stdout).toBe('');
    expect((await run([...XDPKIT, ...filter, 'tcp prot'], {}, SLOW)).stdout).not.toBe('');
  },
  2 * SLOW,
);
