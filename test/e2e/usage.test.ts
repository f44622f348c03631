import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run, XDPKIT } from './running.js';

const xdpkit = (...args: readonly string[]) => run([...XDPKIT, ...args]);

test.each([[['--help']], [['bridge', '--help']], [['demo', '--help']]])('%j is told, and no error', async (args) => {
  const { status, stdout, stderr } = await xdpkit(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: xdpkit/);
});

test('--version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await xdpkit('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

const wrong: readonly (readonly [args: string, says: RegExp])[] = [
  ['bridge', /missing required argument 'interfaces'/],
  ['bridge a', /a bridge has two interfaces; xdpkit mirror looks at one/],
  ['bridge a b c', /without a callback, a bridge has two interfaces/],
  ['mirror a b', /too many arguments/],
  ['bridge a b --hold-frames 65537', /--hold-frames .* whole number from 0 to 65536/],
  ['bridge a b --name a/b', /--name .* 1 to 32 of A-Z/],
  ['stop --timeout 0', /--timeout .* time above 0/],
  ['stop a --all', /a name and --all exclude each other/],
  ['status a b', /too many arguments/],
  ['console a -c b', /a file and --command exclude each other/],
  ['bridge a a', /an interface was named twice/],
  ['bridge a b --workers 0', /--workers .* whole number from 1 to 1024/],
  ['bridge a b --workers 1.5', /--workers .* whole number/],
  ['bridge a b --cpus x', /--cpus .* list of processors/],
  ['bridge a b --mode fast', /--mode .* Allowed choices are native, generic, auto/],
  ['bridge a b --zero-copy yes', /--zero-copy .* Allowed choices are auto, on, off/],
  ['bridge a b --frame-size 3001', /--frame-size .* even number/],
  ['bridge a b --frame-size 1024', /--frame-size .* whole number from 2048 to 4096/],
  ['bridge a b --busy-poll 0', /--busy-poll .* whole number from 1 to 65535/],
  ['bridge --busy-poll a b', /--busy-poll .* whole number/],
  ['bridge a b --duration 0', /--duration .* time above 0/],
  ['bridge a b --duration 25000h', /--duration .* time above 0/],
  ['bridge a b --interval x', /--interval .* time above 0/],
  ['bridge a b --no-such-option', /unknown option '--no-such-option'/],
  ['no-such-command', /unknown command 'no-such-command'/],
  ['demo --queues 0', /--queues .* whole number from 1 to 64/],
  ['demo --size 0', /--size .* whole number from 1/],
];

test.each(wrong)('xdpkit %s is a usage error', async (args, says) => {
  const { status, stdout, stderr } = await xdpkit(...args.split(' '));
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(says) });
  expect(stderr).not.toContain('    at ');
});

test('no command at all tells the commands, and is a usage error', async () => {
  const { status, stdout, stderr } = await xdpkit();
  expect(status).toBe(2);
  expect(stdout + stderr).toMatch(/Usage: xdpkit/);
});
