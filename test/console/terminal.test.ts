// needs: python3
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ConsoleServer } from '../../dist/console/index.js';
import { RunFolder } from './run-folder.js';
import { twinControl } from './twin-control.mjs';

const PLAYER = fileURLToPath(new URL('terminal.py', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TAB = '\t';
const UP = '\u001b[A';
const LEFT = '\u001b[D';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

type Step = { readonly type: string } | { readonly wait: string };
const types = (what: string): Step => ({ type: what });
const shows = (what: string): Step => ({ wait: what });

async function play(folder: RunFolder, steps: readonly Step[]): Promise<{ status: number; shown: string }> {
  const args = [PLAYER, JSON.stringify(steps), process.execPath, COMMAND, 'console'];
  const child = spawn('python3', args, { env: { ...folder.env, TERM: 'xterm' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [shown, [status]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  return { status, shown };
}

test('a session on a terminal: completion, history, editing', async () => {
  await using folder = new RunFolder();
  await folder.serve();
  const { status, shown } = await play(folder, [
    shows('Ctrl-D ends the session'),
    shows('ok '),
    // The only word that begins so is completed.
    types(`tap.sta${TAB}`),
    shows('tus '),
    types('\r'),
    shows('collectors            2'),
    shows('ok '),
    // What all of them begin with is put in, and a second Tab lists them. Both behind a quoted item.
    types(`"x y" drop.h${TAB}`),
    shows('drop.hash.'),
    types(TAB),
    shows('drop.hash.insert'),
    shows('drop.hash.show'),
    // Ctrl-C takes the line away, not the session.
    types(`${CTRL_C}40 2 * .\r`),
    shows('80'),
    shows('ok '),
    // A compound word of the session is completed, too.
    types('"21 + ." answer !!\r'),
    shows('ok '),
    types(`21 ans${TAB}`),
    shows('wer '),
    types('\r'),
    shows('42'),
    shows('ok '),
    // The line three back, with a digit put in.
    types(UP.repeat(3)),
    shows('40 2 * .'),
    types(`${LEFT.repeat(4)}1`),
    shows('40 21 * .'),
    types('\r'),
    shows('840'),
    shows('ok '),
    types('x fault.seed\r'),
    shows('fault.seed: seed "x" is not a whole number'),
    shows('ok '),
    types('5 .\r'),
    shows('5'),
    shows('ok '),
    types(CTRL_D),
  ]);
  expect({ status, shown }).toEqual({ status: 0, shown: expect.stringMatching(/\r\n$/) });
}, 90_000);

test('a session whose process ends', async () => {
  await using folder = new RunFolder();
  const control = twinControl();
  process.env['XDPKIT_RUN'] = folder.path;
  await using server = await ConsoleServer.open({ name: 'twin', control, startup: false });
  delete process.env['XDPKIT_RUN'];
  control.tap.set = () => void setTimeout(() => server.close(), 100);
  const { status, shown } = await play(folder, [shows('ok '), types('0 tap.rx.enable\r'), shows('hung up')]);
  expect(status).toBe(1);
  expect(shown).toMatch(/error: twin \(process \d+\) hung up \[XDP_ERR_NO_CONSOLE\]/);
});
