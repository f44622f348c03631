/**
 * Runs all tests, in two lanes side by side: much of their time they wait. Tests that measure or ping between hosts are
 * all in the first, one after the other. What the second lane has to say is printed when both are done, and then what both
 * have counted together.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';

const HOSTS = ['e2e', 'pipeline', 'device', 'demo', 'daemon'];
/** Of another folder, but hosts as well. */
const LIVE = 'test/console/live-';
const NO_TESTS = ['vm'];
const others = readdirSync('test', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && ![...HOSTS, ...NO_TESTS].includes(entry.name))
  .map(({ name }) => name);

const inTest = (folder) => `test/${folder}/`;

mkdirSync('temp', { recursive: true });
const counts = mkdtempSync('temp/counts-');
const lane = (paths, stdio, name) => {
  const env = { ...process.env, XDPKIT_COUNTS: `${counts}/${name}` };
  const child = spawn('npx', ['vitest', 'run', ...paths], { stdio, env });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => output.push(data));
  // Ctrl-C reaches all of them; a lane ends in its own way.
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  return { ended, output };
};
process.on('SIGINT', () => {});

const first = lane([...HOSTS.map(inTest), LIVE], 'inherit', 'hosts');
const second = lane([...others.map(inTest), '--exclude', `${LIVE}*`], ['ignore', 'pipe', 'pipe'], 'others');
const codes = await Promise.all([first.ended, second.ended]);
process.stdout.write(Buffer.concat(second.output));

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(counts)) {
  for (const [state, count] of Object.entries(JSON.parse(readFileSync(`${counts}/${file}`, 'utf8')))) sum[state] += count;
}
rmSync(counts, { recursive: true });
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.passed === 0 ? 1 : Math.max(...codes);
