// needs: openssl, kdig, kxdpgun
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run, succeed } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const BACKENDS = [1, 2, 3, 4];
const QUESTIONS = 8;
/** One of 256 clients' own first IDs would be decoded, and name nobody. */
const HASHED = { initial: 'hash' } as const;

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

/** Every packet was what the server could make sense of, at the backend that its ID names. */
function expectSteered(server: EchoServer): void {
  expect(server.total(Word.strangers)).toBe(0);
  const { statistics } = server.steered.sample();
  expect(statistics).toMatchObject({ unknown: 0, truncated: 0, forbiddenLength: 0, noBackend: 0 });
  expect(statistics.routed).toBeGreaterThan(statistics.initial);
}

test(
  "Knot's kdig has its answers over QUIC from the backend that its connection IDs name",
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, BACKENDS, HASHED);
    const answered = new Map(BACKENDS.map((id) => [id, 0]));
    for (let i = 0; i < QUESTIONS; i++) {
      const host = i % 2 === 0 ? '10.66.0.1' : 'fd66::1';
      const words = ['kdig', '+quic', '+timeout=10', '+retry=0', '-p', '4433', `@${host}`, 'q.test', 'TXT'];
      const { stdout, stderr } = await run(words, { netns: bed.clientNetns }, patient(20_000));
      expect(stdout, stderr).toContain('status: NOERROR');
      const worker = Number(/"worker (\d)"/.exec(stdout)?.[1]);
      expect(BACKENDS, stdout).toContain(worker);
      answered.set(worker, answered.get(worker)! + 1);
    }
    for (const id of BACKENDS) expect(server.counts.get(id)![Word.accepted], `backend ${id}`).toBe(answered.get(id));
    expectSteered(server);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(120_000),
);

test(
  "Knot's load over AF_XDP: connections by the hundred, from many addresses",
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, BACKENDS, HASHED);
    const questions = join(bed.folder, 'questions');
    writeFileSync(questions, 'q.test TXT\n');
    // It asks for the server's link-layer address by the kernel's table.
    await succeed(['ping', '-c', '1', '10.66.0.1'], { netns: bed.clientNetns });
    const words = [
      'kxdpgun',
      '-U',
      '-t',
      '2',
      '-Q',
      '200',
      '-i',
      questions,
      '-l',
      '10.66.0.64/26',
      '-p',
      '4433',
      '10.66.0.1',
    ];
    const { stdout, stderr } = await run(words, { netns: bed.clientNetns }, patient(30_000));
    const told = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
    const sent = told(/sent (\d+),/);
    expect(sent, stdout + stderr).toBeGreaterThan(100);
    // It waits for no answer: at its end some are on their way.
    expect(told(/responded NOERROR:\s+(\d+)/), stdout).toBeGreaterThan(0.9 * sent);
    expect(server.total(Word.accepted)).toBe(sent);
    for (const [id, counts] of server.counts) expect(counts[Word.accepted], `backend ${id}`).toBeGreaterThan(0);
    expectSteered(server);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(120_000),
);
