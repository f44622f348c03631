/**
 * Runs all tests, in two lanes side by side: much of their time they wait. Tests that measure or ping between hosts are
 * all in the first, one after the other. What the second lane has to say is printed when both are done.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';

const HOSTS = ['e2e', 'pipeline', 'device'];
const NO_TESTS = ['vm'];
const others = readdirSync('test', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && ![...HOSTS, ...NO_TESTS].includes(entry.name))
  .map(({ name }) => name);

const lane = (folders, stdio) => {
  const child = spawn('npx', ['vitest', 'run', ...folders.map((name) => `test/${name}/`)], { stdio });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => output.push(data));
  // Ctrl-C reaches all of them; a lane ends in its own way.
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  return { ended, output };
};
process.on('SIGINT', () => {});

const first = lane(HOSTS, 'inherit');
const second = lane(others, ['ignore', 'pipe', 'pipe']);
const codes = await Promise.all([first.ended, second.ended]);
process.stdout.write(Buffer.concat(second.output));
process.exitCode = Math.max(...codes);
