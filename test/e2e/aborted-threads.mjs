// Starts threads in a namespace and ends each at another moment of its start. Argument: how many. Prints that it lived.
import { runInNamespace } from '../../dist/sys/index.js';

const module = new URL('../../dist/demo/ping.js', import.meta.url);
const thread = (pings, signal) =>
  runInNamespace({ netns: '/proc/self/ns/net', module, name: 'ping', args: ['127.0.0.1', pings], signal });

// How long a thread takes to start; the second one, since the first loads everything from the disk.
await thread(0);
const start = performance.now();
await thread(0);
const startUp = performance.now() - start;
const count = Number(process.argv[2]);
for (let i = 0; i < count; i++) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), startUp * (0.5 + (0.6 * i) / count));
  await thread(10_000, stop.signal).catch(() => {});
}
console.log('lived');
