// needs: ip
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { cidCodec, openSteering, QuicWatch } from '../../dist/quic/index.js';
import { parseExpression } from '../../dist/rules/index.js';
import { Running, run, XDPKIT } from '../e2e/running.js';
import { FarEnd } from '../kernel/far-end.js';
import { failOnLeaks, run as tool } from '../netdev/oracle.js';
import { Random } from '../rules/random.js';
import { pcapOf, withFile } from '../wire/tshark.js';
import { hex } from './codecs.js';
import { datagram, firstInitials, longPacket, shortPacket } from './quic-frames.js';

failOnLeaks();

const CLIENT = { address: '10.0.0.1', port: 50_000 };
const SERVER = { address: '10.0.0.2', port: 443 };
const numbers = new Random(9);
const server = hex('01aa0007cafe0011');

/** A client's first packet, one to the ID that the server chose, one with data, and no QUIC at all. */
const FRAMES = [
  ...firstInitials({ destinationId: hex('a102030405060708'), sourceId: hex('c1c2'), serverName: 'q.test' }),
  longPacket(numbers, { type: 'handshake', version: 1, destinationId: server, sourceId: hex('c1c2') }, 80),
  shortPacket(numbers, server, 700),
].map((packet) => datagram(CLIENT, SERVER, packet));
const OTHER = datagram(CLIENT, { ...SERVER, port: 53 }, shortPacket(numbers, server, 20));

const LINES = [
  { packet: 'initial', server: null, reason: expect.any(String), serverName: 'q.test', alpn: ['h3'], packetNumber: 0 },
  { packet: 'handshake', form: 'long', quicVersion: 1, destinationId: '01aa0007cafe0011', sourceId: 'c1c2', server: 7 },
  { packet: 'one-rtt', form: 'short', destinationId: '01aa0007cafe0011', server: 7, length: 709 },
];
const jsonOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('on an interface', () => {
  let lab: Lab;
  let netns: string;
  let far: string;

  beforeEach(() => {
    lab = createLab('quicwatch');
    [netns, far] = [lab.namespace('near'), lab.namespace('far')];
    tool(
      `ip link add port0 netns ${netns} numtxqueues 4 numrxqueues 4 type veth peer name eth0 netns ${far} numtxqueues 4 numrxqueues 4`,
    );
    for (const [name, place] of [
      ['port0', netns],
      ['eth0', far],
    ] as const)
      tool(`ip link set ${name} up`, place);
  });
  afterEach(() => {
    tool('ip link del port0', netns);
    lab.close();
  });

  const farEnd = () => new FarEnd(getLink('eth0', { netns: far }).index, far);

  test.each(['native', 'generic'] as const)('prints a line for each packet, and takes none away (%s)', async (mode) => {
    await using watch = new Running([
      ...XDPKIT,
      'quic',
      'watch',
      'port0',
      '--json',
      '-n',
      '3',
      '--codec',
      'cidv1',
      '--mode',
      mode,
      '--netns',
      netns,
    ]);
    using client = farEnd();
    using host = new FarEnd(getLink('port0', { netns }).index, netns);
    await watch.says(/"type":"start"/, 20_000);
    expect(getLink('port0', { netns }).xdp).toHaveLength(1);
    for (const frame of [OTHER, ...FRAMES]) client.send(frame);
    const { status, stdout } = await watch.end();
    expect(status).toBe(0);
    const [start, one, two, three, summary] = jsonOf(stdout);
    expect(start).toMatchObject({ interface: 'port0', mode, queues: 4 });
    expect([one, two, three]).toMatchObject(LINES);
    for (const packet of [one, two, three]) {
      expect(packet).toMatchObject({
        source: '10.0.0.1',
        sourcePort: 50_000,
        destination: '10.0.0.2',
        destinationPort: 443,
      });
      expect(packet!['queue']).toBeLessThan(4);
      // The clock of the kernel's program and ours are the same one.
      expect(Math.abs(Number(packet!['time']) - Date.now() / 1000)).toBeLessThan(60);
    }
    // What the expression does not match is not even looked at.
    expect(summary).toMatchObject({ type: 'summary', frames: 3, packets: 3, lost: 0 });
    const arrived = host.received().map((frame) => Buffer.from(frame).toString('hex'));
    for (const frame of [OTHER, ...FRAMES]) expect(arrived).toContain(Buffer.from(frame).toString('hex'));
    expect(getLink('port0', { netns }).xdp).toEqual([]);
  });

  test('frames that nobody reads in time are counted, and pass all the same', () => {
    using watch = QuicWatch.open('port0', { netns, expression: parseExpression('udp'), ringSize: 65_536 });
    using client = farEnd();
    using host = new FarEnd(getLink('port0', { netns }).index, netns);
    const sent = 100;
    for (let i = 0; i < sent; i++) client.send(FRAMES[0]!);
    let seen = 0;
    const read = watch.read((bytes, offset, length, originalLength, queue) => {
      seen++;
      expect(Buffer.compare(bytes.subarray(offset, offset + length), FRAMES[0]!)).toBe(0);
      expect([length, queue < 4]).toEqual([originalLength, true]);
    });
    expect(seen).toBe(read);
    expect(read).toBeGreaterThan(20);
    expect(watch.lost).toBe(sent - read);
    expect(host.received().filter((frame) => frame.length === FRAMES[0]!.length)).toHaveLength(sent);
  });

  test('a frame longer than a record is cut', () => {
    for (const [name, place] of [
      ['port0', netns],
      ['eth0', far],
    ] as const)
      tool(`ip link set ${name} mtu 3400`, place);
    using watch = QuicWatch.open('port0', { netns, expression: parseExpression('udp') });
    using client = farEnd();
    const frame = datagram(CLIENT, SERVER, shortPacket(numbers, server, 3000));
    client.send(frame);
    const cuts: number[][] = [];
    watch.read((_, __, length, originalLength) => cuts.push([length, originalLength]));
    expect(cuts).toEqual([[2048, frame.length]]);
  });

  test('a program that is there already stays', async () => {
    using _ = QuicWatch.open('port0', { netns, expression: parseExpression('udp') });
    const { status, stderr } = await run([...XDPKIT, 'quic', 'watch', 'port0', '--netns', netns]);
    expect([status, stderr]).toEqual([5, expect.stringContaining('XDP_ERR_FOREIGN_PROGRAM')]);
    expect(getLink('port0', { netns }).xdp).toHaveLength(1);
  });

  test('where a steering runs, it says what tells of its packets', async () => {
    await using _ = await openSteering('port0', {
      netns,
      codec: cidCodec({ codec: 'cidv1' }),
      ports: [443],
      backends: [],
    });
    const { status, stderr } = await run([...XDPKIT, 'quic', 'watch', 'port0', '--netns', netns]);
    expect([status, stderr]).toEqual([5, expect.stringContaining('a QUIC steering runs on port0')]);
    expect(stderr).toContain('`xdpkit quic backends`');
  });
});

describe('of a file', () => {
  const watch = (path: string, ...args: string[]) => run([...XDPKIT, 'quic', 'watch', '--read', path, ...args]);

  test('prints the same, as text and as JSON', async () => {
    await withFile(pcapOf([OTHER, ...FRAMES]), async (path) => {
      const json = await watch(path, 'port', '443', '--json', '--codec', 'cidv1');
      expect(json).toMatchObject({ status: 0, stderr: '' });
      expect(jsonOf(json.stdout)).toMatchObject([...LINES, { type: 'summary', frames: 3, packets: 3 }]);
      const text = await watch(path, 'port', '443', '--codec', 'cidv1');
      const lines = text.stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(line.indexOf(' ') + 1));
      expect(lines).toEqual([
        '10.0.0.1:50000 > 10.0.0.2:443 long v1 initial dcid a102030405060708 scid c1c2 no server: another version or configuration length 1192 number 0 sni q.test alpn h3',
        '10.0.0.1:50000 > 10.0.0.2:443 long v1 handshake dcid 01aa0007cafe0011 scid c1c2 server 7 length 101',
        '10.0.0.1:50000 > 10.0.0.2:443 short one-rtt dcid 01aa0007cafe0011 server 7 length 709',
      ]);
      expect(text.stderr).toBe('3 QUIC packets in 3 datagrams\n');
      // The codec of a steering, from its configuration.
      const config = Buffer.from('{codec: {codec: cidv1}, ports: [443], backends: [{id: 7, act: host}]}');
      await withFile(config, async (file) => {
        expect(jsonOf((await watch(path, 'port', '443', '--json', '--config', file)).stdout)).toMatchObject([
          ...LINES,
          {},
        ]);
        expect(await watch(path, '--config', file, '--codec', 'cidv1')).toMatchObject({ status: 2 });
      });
      // Without an expression all UDP may be QUIC.
      expect((await watch(path, '-n', '1')).stdout).toContain('10.0.0.2:53 short one-rtt dcid ? length 29');
    });
  });

  test.each([
    [['/nowhere.pcap'], /there is no file \/nowhere.pcap/],
    [['/nowhere.pcap', '--position', '3'], /without a codec/],
  ])('%j is refused', async ([path = '', ...args], message) => {
    const { status, stderr } = await watch(path, ...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
