// needs: openssl, chromium-headless-shell
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const BACKENDS = [1, 2, 3, 4];
const VISITS = 2;

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

/** What Chromium shows of a page that it has from the server over QUIC, and over nothing else. */
async function visit(bed: QuicBed, host: string): Promise<string> {
  const key = new X509Certificate(bed.certificate).publicKey.export({ type: 'spki', format: 'der' });
  const command = [
    ...['timeout', '60', 'chromium-headless-shell', '--no-sandbox', '--disable-gpu', '--dump-dom'],
    `--user-data-dir=${mkdtempSync(join(bed.folder, 'profile-'))}`,
    `--host-resolver-rules=MAP q.test ${host}`,
    '--origin-to-force-quic-on=q.test:4433',
    `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`,
    'https://q.test:4433/',
  ];
  const { stdout, stderr } = await run(command, { netns: bed.clientNetns }, patient(70_000));
  expect(stdout, stderr).toContain('</html>');
  return stdout;
}

test(
  'a browser has its page from the backend that its connection IDs name',
  async () => {
    using bed = new QuicBed(QUEUES);
    // One of 256 clients' own first IDs would be decoded, and name nobody.
    const server = await EchoServer.open(bed, examples, BACKENDS, { initial: 'hash' });
    const answered = new Map(BACKENDS.map((id) => [id, 0]));
    for (let i = 0; i < VISITS; i++) {
      const page = await visit(bed, i % 2 === 0 ? '10.66.0.1' : '[fd66::1]');
      const worker = Number(/worker (\d)/.exec(page)?.[1]);
      expect(BACKENDS, page).toContain(worker);
      answered.set(worker, answered.get(worker)! + 1);
    }
    for (const id of BACKENDS) {
      const { [Word.accepted]: accepted } = server.counts.get(id)!;
      expect(accepted, `backend ${id}`).toBe(answered.get(id));
    }
    expect(server.total(Word.strangers)).toBe(0);
    const { statistics } = server.steered.sample();
    expect(statistics).toMatchObject({ unknown: 0, truncated: 0, forbiddenLength: 0, noBackend: 0 });
    expect(statistics.routed).toBeGreaterThan(statistics.initial);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(120_000),
);
