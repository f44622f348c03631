import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ConsoleClient,
  ConsoleServer,
  type ConsoleServerOptions,
  findConsole,
  listConsoles,
} from '../../dist/console/index.js';
import { RunFolder } from './run-folder.js';
import { twinControl } from './twin-control.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpkit-run-'));
  process.env['XDPKIT_RUN'] = folder;
});
afterEach(() => {
  delete process.env['XDPKIT_RUN'];
  rmSync(folder, { recursive: true });
});

const open = (options: Partial<ConsoleServerOptions> = {}) =>
  ConsoleServer.open({ name: 'twin', control: twinControl(), startup: false, ...options });

/** What a line prints, and the message that it fails with. */
async function run(client: ConsoleClient, line: string): Promise<string[]> {
  const printed: string[] = [];
  const { failure } = await client.run(line, false, (answer) => {
    if (answer.type === 'text') printed.push(...answer.lines);
    if (answer.type === 'notice') printed.push(answer.message);
  });
  return failure ? [...printed, failure.message] : printed;
}

test('several sessions at once, each with its own stack and definitions, and one pipeline', async () => {
  await using server = await open();
  expect(statSync(server.path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(server.path)).mode & 0o777).toBe(0o700);
  using a = await ConsoleClient.connect(await findConsole());
  using b = await ConsoleClient.connect(await findConsole('twin'));
  await run(a, '1 2 "7 ." seven !! 4 fault.seed');
  expect(await run(b, '.s seven .')).toEqual(['seven']);
  expect(await run(a, 'seven .s')).toEqual(['7', '"1"', '"2"']);
  expect(await run(b, 'fault.status')).toContain('  seed                  4');
  expect(await a.names()).toContain('seven');
  expect(await b.names()).not.toContain('seven');
  // Requests may follow one another without waiting.
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => run(i % 2 ? a : b, `${i} .`)));
  expect(answers.flat()).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
  expect(await run(a, '\u2028 "\u2028\n" .')).toHaveLength(1);
  expect(await run(a, 'x'.repeat(1_000_000))).toEqual(['a line may have at most 4096 characters']);
});

test('the 17th session is refused, until one of them ends', async () => {
  await using server = await open();
  const place = await findConsole();
  const clients = await Promise.all(Array.from({ length: 16 }, () => ConsoleClient.connect(place)));
  await expect(ConsoleClient.connect(place)).rejects.toMatchObject({
    code: 'XDP_ERR_NO_CONSOLE',
    message: expect.stringContaining('there are 16 consoles already'),
  });
  clients[0]!.close();
  await expect.poll(() => ConsoleClient.connect(place).then((client) => client.close(), String)).toBeUndefined();
  for (const client of clients) client.close();
  expect(server.path).toBe(place.path);
});

test('a process is found by its name or number, and dead sockets are removed', async () => {
  await expect(findConsole()).rejects.toMatchObject({ code: 'XDP_ERR_NO_CONSOLE', advice: undefined });
  await using left = await open({ name: 'left' });
  await using other = new RunFolder();
  other.env['XDPKIT_RUN'] = folder;
  const { child, path } = await other.serve('right');
  const [mine, theirs] = [
    { pid: process.pid, name: 'left', path: left.path },
    { pid: child.pid!, name: 'right', path },
  ];
  expect(await listConsoles()).toEqual([mine, theirs].sort((a, b) => a.pid - b.pid));
  expect(await findConsole('left')).toEqual(mine);
  expect(await findConsole(String(child.pid))).toEqual(theirs);
  await expect(findConsole()).rejects.toMatchObject({
    message: 'more than one process runs that a console can steer',
    advice: expect.stringContaining('--target PID chooses one: '),
  });
  await expect(findConsole('nobody')).rejects.toMatchObject({ message: expect.stringContaining('"nobody"') });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(path)).toBe(true);
  expect(await findConsole()).toEqual(mine);
  expect(existsSync(path)).toBe(false);
  await left.close();
  await left.close();
  expect(existsSync(left.path)).toBe(false);
});

test('a name is taken once in a process; what a dead process of the same number left is replaced', async () => {
  await using server = await open();
  await expect(open()).rejects.toMatchObject({ code: 'XDP_ERR_USAGE' });
  await expect(open({ name: 'a/b' })).rejects.toMatchObject({ code: 'XDP_ERR_USAGE' });
  await using second = await open({ name: 'second' });
  writeFileSync(second.path.replace('second', 'third'), '');
  await using third = await open({ name: 'third' });
  expect((await listConsoles()).map(({ path }) => path)).toEqual([second.path, third.path, server.path]);
});

test('a start-up file is run once, and every session has what it defines', async () => {
  const startup = join(folder, 'startup.rpcl');
  const control = twinControl();
  writeFileSync(startup, '5 fault.seed\n"6 *" six !!\n7 seven !\n8\n');
  await using good = await open({ name: 'good', startup, control });
  expect(good.startup).toEqual({ outputs: [], notices: [] });
  control.faults.set({ seed: 9 });
  for (let i = 0; i < 2; i++) {
    using client = await ConsoleClient.connect(await findConsole('good'));
    expect(await run(client, 'seven @ six . .s "1 ." six !!')).toEqual(['42']);
  }
  expect(control.faults.status().seed).toBe(9);
  writeFileSync(startup, '5 fault.seed\nx fault.seed\n6 fault.seed\n');
  await using bad = await open({ name: 'bad', startup, control });
  const message = `${startup}:2: fault.seed: seed "x" is not a whole number from 0 to 4294967295`;
  expect(bad.startup).toMatchObject({ failure: { word: 'fault.seed', message } });
  expect(control.faults.status().seed).toBe(5);
  await using none = await open({ name: 'none', startup: `${startup}x` });
  expect(none.startup).toMatchObject({ failure: { message: `${startup}x is not there` } });
});

test('load reads files, and nothing else', async () => {
  await using _server = await open();
  using client = await ConsoleClient.connect(await findConsole());
  const file = join(folder, 'words');
  writeFileSync(file, '1 .\n');
  expect(await run(client, `${file} load "${file}x" load-if-present`)).toEqual(['1']);
  writeFileSync(file, ' '.repeat(1_048_577));
  expect(await run(client, `${file} load`)).toEqual([`load: ${file} has more than 1048576 bytes`]);
  expect(await run(client, '/dev/zero load-if-present')).toEqual(['load-if-present: /dev/zero is not a file']);
  expect(await run(client, '/dev load')).toEqual(['load: /dev is not a file']);
  expect(await run(client, `${file}/x load`)).toEqual([`load: file "${file}/x" is not there`]);
});

test.each([
  ['{"type":"hello","version":99}\n', /with console protocol 99$/],
  ['220 mail\r\n', /speaks another language$/],
  ['', /hung up$/],
])('what says %j is no console', async (says, message) => {
  const path = join(folder, 'strange');
  const strange = createServer((socket) => socket.end(says)).listen(path);
  await once(strange, 'listening');
  const connecting = ConsoleClient.connect({ pid: 1, name: 'strange', path });
  await expect(connecting).rejects.toMatchObject({
    code: 'XDP_ERR_NO_CONSOLE',
    message: expect.stringMatching(message),
  });
  strange.close();
});

test('a console hears of the end of its process', async () => {
  await using server = await open();
  using client = await ConsoleClient.connect(await findConsole());
  await server.close();
  await expect(client.hungUp).rejects.toMatchObject({ code: 'XDP_ERR_NO_CONSOLE' });
  await expect(run(client, '1 .')).rejects.toMatchObject({ code: 'XDP_ERR_NO_CONSOLE' });
});

test('a console that takes nothing stops only itself', async () => {
  await using _server = await open();
  const { path } = await findConsole();
  const deaf = connect(path).pause();
  for (let i = 0; i < 2000; i++) deaf.write('{"type":"run","line":".i .i .i .i"}\n');
  using client = await ConsoleClient.connect(await findConsole());
  const begin = performance.now();
  expect(await run(client, '1 .')).toEqual(['1']);
  expect(performance.now() - begin).toBeLessThan(5000);
  deaf.destroy();
});
