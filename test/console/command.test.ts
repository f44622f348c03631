import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunFolder } from './run-folder.js';

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('one line, and how it ends', async () => {
  await using folder = new RunFolder();
  expect(await folder.console(['-c', '1 .'])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'error: no process runs that a console can steer [XDP_ERR_NO_CONSOLE]\n',
  });
  await folder.serve();
  expect(await folder.console(['-c', '1 . 0 fault.enabel x fault.drop.probability'])).toEqual({
    status: 1,
    stdout: '1\n',
    stderr:
      '"fault.enabel" is not a word: it was put on the stack\n' +
      'error: fault.drop.probability: p "x" is not a whole number from 0 to 1000 [XDP_ERR_WORD]\n',
  });
  // The real database of vendors, by the name of the process.
  const insert = '00:23:7d:86:71:ff drop.hash.insert drop.hash.show';
  expect(await folder.console(['--target', 'twin', '-c', insert])).toEqual({
    status: 0,
    stdout: '00:23:7d:86:71:ff Hewlett Packard\n',
    stderr: '',
  });
  expect(await folder.console(['nothing', '-c', '1 .'])).toMatchObject({ status: 2 });
});

test('--json gives the same as data', async () => {
  await using folder = new RunFolder();
  await folder.serve();
  const { status, stdout } = await folder.console(['--json', '-c', '1 . if.stats if.stat x fault.drop.probability']);
  expect(status).toBe(1);
  expect(jsonLines(stdout)).toMatchObject([
    { version: 1, type: 'report', word: '.', data: { kind: 'string', value: '1' } },
    { type: 'report', word: 'if.stats', data: { interfaces: [{ name: 'enp1s0f0', rx: 16467306 }, {}] } },
    { type: 'notice', message: expect.stringContaining('"if.stat" is not a word') },
    {
      type: 'error',
      code: 'XDP_ERR_WORD',
      message: 'fault.drop.probability: p "x" is not a whole number from 0 to 1000',
    },
  ]);
});

test('a script, from a file or a pipe, ends at the first line that fails', async () => {
  await using folder = new RunFolder();
  await folder.serve();
  const script = join(folder.path, 'edge.rpcl');
  writeFileSync(script, '# a script\n"2 *" double !!\r\n21 double .\n\n1 . y +\n2 .\n');
  expect(await folder.console([script])).toMatchObject({
    status: 1,
    stdout: '42\n1\n',
    stderr: expect.stringContaining(`${script}:5: +: n2 "y" is not a number`),
  });
  expect(await folder.console([], '3 .\n4 .')).toEqual({ status: 0, stdout: '3\n4\n', stderr: '' });
  expect(await folder.console([join(folder.path, 'nothing')])).toMatchObject({ status: 2 });
});

test('a process that dies in the middle ends the script', async () => {
  await using folder = new RunFolder();
  const { child } = await folder.serve();
  const script = join(folder.path, 'script');
  writeFileSync(script, '1 .\n'.repeat(1_000_000));
  const running = folder.start([script]);
  await once(running.stdout!, 'data');
  child.kill('SIGKILL');
  const { status, stderr } = await folder.end(running);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^error: twin \(process \d+\) hung up \[XDP_ERR_NO_CONSOLE\]\n$/),
  });
});
