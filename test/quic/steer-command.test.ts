// needs: bpftool, ip
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { type Ending, Running, run, XDPKIT } from '../e2e/running.js';
import { FarEnd } from '../kernel/far-end.js';
import { run as tool } from '../netdev/oracle.js';

const COUNTING = fileURLToPath(new URL('./counting-backend.mjs', import.meta.url));
let folder: string;
let config: string;
let lab: Lab;
let netns: string;
let far: FarEnd;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpkit-steer-'));
  config = join(folder, 'edge.yaml');
  lab = createLab('steer');
  netns = lab.namespace('near');
  const farNetns = lab.namespace('far');
  lab.veth({ name: 'port0', netns, queues: 2, peer: { name: 'eth0', netns: farNetns, queues: 2 } });
  far = new FarEnd(getLink('eth0', { netns: farNetns }).index, farNetns);
});
afterEach(() => {
  far.close();
  lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const NAME = `test${process.pid}`;
const env = () => ({ ...process.env, XDPKIT_RUN: folder });
const xdpkit = (...args: string[]): Promise<Ending> => run([...XDPKIT, ...args], { env: env() });
const steer = (...args: string[]) =>
  new Running([...XDPKIT, 'quic', 'steer', 'port0', '--netns', netns, '--name', NAME, '-c', config, ...args], {
    env: env(),
  });
const write = (...backends: string[]) =>
  writeFileSync(
    config,
    `codec: { codec: cidv1 }\nports: [4433]\nbackends:\n${backends.map((line) => `  - ${line}\n`).join('')}`,
  );
const counting = (id: number, more = '') => `{ id: ${id}, module: ${COUNTING}, data: { words: 12 }${more} }`;

/** A short header with an ID that names a backend, over IPv4. */
function shortFrame(backend: number, source = 1): Uint8Array {
  const frame = new Uint8Array(80);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
  frame.set([0x45, 0, 0, 66, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, source, 10, 0, 0, 2], 14);
  frame.set([0x30, 0x39, 4433 >> 8, 4433 & 255, 0, 46, 0, 0], 34);
  frame.set([0x40, 1, 0, backend >> 8, backend & 255, 7, 7, 7, 7], 42);
  return frame;
}

interface Listed {
  readonly backends: readonly {
    id: number;
    weight: number;
    state: string;
    packets: number;
    act: string;
    counts?: { rxPackets: number };
  }[];
}
async function list(): Promise<Listed['backends']> {
  const { stdout } = await xdpkit('quic', 'backends', 'list', '--json');
  return (JSON.parse(stdout) as Listed).backends;
}

describe('quic steer', () => {
  test('brings packets to backends; commands list, weigh, drain, add and remove them; top has the heaviest', async () => {
    write(counting(1), counting(2, ', weight: 2'), '{ id: 9, act: drop }');
    await using running = steer('--json');
    await running.says(/"type":"sample"/, 20_000);
    for (let i = 0; i < 30; i++) far.send(shortFrame(1));
    for (let i = 0; i < 20; i++) far.send(shortFrame(2));
    for (let i = 0; i < 10; i++) far.send(shortFrame(9));
    await expect.poll(async () => (await list()).map(({ packets }) => packets)).toEqual([30, 20, 10]);
    expect((await list()).map(({ counts }) => counts?.rxPackets)).toEqual([30, 20, undefined]);
    const status = JSON.parse((await xdpkit('status', '--json')).stdout) as {
      runs: { name: string; command: string }[];
    };
    expect(status.runs).toMatchObject([{ name: NAME, command: 'quic steer', interfaces: ['port0'] }]);

    const top = JSON.parse((await xdpkit('quic', 'top', '-n', '2', '--json')).stdout) as { ids: object[] };
    expect(top.ids).toEqual([
      { id: '0100000107070707', packets: 30, backend: 1 },
      { id: '0100000207070707', packets: 20, backend: 2 },
    ]);
    const pinned = tool('bpftool map dump name cid_counter');
    expect(pinned).toMatch(/key:\n01 00 00 01 07 07 07 07 [^v]*value:\n1e 00 00 00 00 00 00 00/);

    expect((await xdpkit('quic', 'backends', 'weigh', '2', '7')).status).toBe(0);
    expect((await xdpkit('quic', 'backends', 'drain', '1')).status).toBe(0);
    expect((await xdpkit('quic', 'backends', 'add', '5', '--act', 'host')).status).toBe(0);
    expect((await xdpkit('quic', 'backends', 'remove', '9')).status).toBe(0);
    expect((await list()).map(({ id, weight, state, act }) => [id, weight, state, act])).toEqual([
      [1, 1, 'draining', 'socket'],
      [2, 7, 'active', 'socket'],
      [5, 1, 'active', 'host'],
    ]);
    const refused = await xdpkit('quic', 'backends', 'remove', '77');
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/there is no backend with id 77/) });
    const missing = await xdpkit('quic', 'backends', 'add', '6', '--module', join(folder, 'none.mjs'));
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringMatching(/backend 6 failed.*none\.mjs/) });

    running.kill('SIGTERM');
    const { status: code, stdout } = await running.end();
    expect(code).toBe(0);
    const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as { type: string; frames: { lost: number }[] };
    expect(summary).toMatchObject({
      type: 'summary',
      frames: [
        { lost: 0, duplicated: 0 },
        { lost: 0, duplicated: 0 },
      ],
    });
    expect((await xdpkit('quic', 'backends', 'list')).stderr).toMatch(/no quic steer runs/);
  }, 120_000);

  test('follows its file: backends come, go, are weighed and drained; a broken file changes nothing', async () => {
    write(counting(1), counting(2));
    await using running = steer('--json');
    await running.says(/"type":"sample"/, 20_000);
    write(counting(2, ', weight: 4'), counting(3, ', draining: true'));
    await running.says(/drained backend 3/, 20_000);
    expect((await list()).map(({ id, weight, state }) => [id, weight, state]).sort()).toEqual([
      [2, 4, 'active'],
      [3, 1, 'draining'],
    ]);
    write('{ id: -1 }');
    await running.says(/edge.yaml:4:.*backends\[0\]\.id is 0 to 4294967295/, 20_000);
    expect(await list()).toHaveLength(2);
    running.kill('SIGINT');
    expect((await running.end()).status).toBe(130);
  }, 120_000);

  test('takes over what a killed run has left, and refuses a name that another run has', async () => {
    write(counting(1));
    {
      await using killed = steer();
      await killed.says(/switched off/, 20_000);
      await expect.poll(async () => (await xdpkit('quic', 'backends', 'list')).status).toBe(0);
      const second = await steer().end();
      expect(second).toMatchObject({ status: 5, stderr: expect.stringMatching(/XDP_ERR_RUNNING/) });
      killed.kill('SIGKILL');
      await killed.end();
    }
    await using running = steer('--json');
    await running.says(/"type":"sample"/, 20_000);
    running.kill('SIGTERM');
    expect((await running.end()).status).toBe(0);
  }, 120_000);

  test('names file and line of all that is wrong', async () => {
    writeFileSync(
      config,
      'backends: [{ id: 1, weigth: 3, module: x }, { id: 1, act: host }]\nports: [70000]\ncodec: { codec: cidv2 }\n',
    );
    const { status, stderr } = await steer().end();
    expect(status).toBe(2);
    expect(stderr).toMatch(/edge.yaml:1:21: backends\[0\] has an unknown member "weigth"/);
    expect(stderr).toMatch(/edge.yaml:2:9: ports\[0\] is 1 to 65535/);
    expect(stderr).toMatch(/edge.yaml:3:17: codec.codec is no match: "cidv2". Did you mean "cidv1"\?/);
  });
});
