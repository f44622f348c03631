import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConsoleClient, ConsoleServer, findConsole, seededRandom } from '../../dist/console/index.js';
import { randomLine } from './random-line.js';
import { twinControl } from './twin-control.mjs';

const LONG = process.env['XDPKIT_LONG'] === '1';
const CONNECTIONS = LONG ? 10_000 : 200;

test(
  `${CONNECTIONS} connections that talk nonsense do no harm`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'xdpkit-run-'));
    process.env['XDPKIT_RUN'] = folder;
    const random = seededRandom(7);
    const endings = { refused: 0, answered: 0, silent: 0 };
    try {
      await using server = await ConsoleServer.open({ name: 'twin', control: twinControl(), startup: false });
      using witness = await ConsoleClient.connect(await findConsole());
      for (let i = 0; i < CONNECTIONS; i++) {
        const socket = connect(server.path);
        await once(socket, 'connect');
        const text = await nonsense(socket, random);
        for (const line of text.split('\n').slice(0, -1)) {
          const { type } = JSON.parse(line) as { type: string };
          expect(['hello', 'text', 'report', 'notice', 'done', 'names', 'refused']).toContain(type);
        }
        endings[text.includes('"refused"') ? 'refused' : /"(done|names)"/.test(text) ? 'answered' : 'silent']++;
        if (i % 10 === 0) expect(await witness.run('1 1 + .', false, () => {})).toEqual({ type: 'done' });
      }
      if (LONG) console.log(`${CONNECTIONS} connections: ${JSON.stringify(endings)}`);
      for (const count of Object.values(endings)) expect(count).toBeGreaterThan(CONNECTIONS / 20);
      expect(await witness.names()).toContain('if.stats');
    } finally {
      delete process.env['XDPKIT_RUN'];
      rmSync(folder, { recursive: true });
    }
  },
  LONG ? 3_600_000 : 60_000,
);

/** @returns what the process answered, up to its end of the connection or ours */
async function nonsense(socket: Socket, random: () => number): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close').catch(() => {});
  for (let i = random() % 4; i >= 0 && !socket.destroyed; i--) {
    const chunk = piece(random);
    // Cut anywhere: also within a character, or without an end.
    const cut = random() % 4 === 0 ? random() % (chunk.length + 1) : chunk.length;
    socket.write(chunk.subarray(0, cut));
    if (cut < chunk.length && random() % 2) socket.write(chunk.subarray(cut));
  }
  if (random() % 8 === 0) socket.destroy();
  else socket.end();
  await closed;
  return text;
}

function piece(random: () => number): Buffer {
  const line = randomLine(random, ['if.stats', '.i', '.s', '{', 'help', '"0 if.mac.show"']);
  switch (random() % 8) {
    case 0:
      return Buffer.from(Array.from({ length: random() % 300 }, () => random() % 256));
    case 1:
      return Buffer.alloc(random() % 70_000, 'x');
    case 2:
      return Buffer.from(`${JSON.stringify({ type: ['run', 'names', 'hello', null, 1][random() % 5], line })}\n`);
    case 3:
      return Buffer.from(
        ['null\n', '[]\n', '{}\n', '"run"\n', '\n', '{"type":"run","line":{}}\n', '[[[[['][random() % 7]!,
      );
    case 4:
      return Buffer.from('{"type":"names"}\n'.repeat(random() % 20));
    default:
      return Buffer.from(`${JSON.stringify({ type: 'run', line, data: random() % 2 === 0 })}\n`);
  }
}
