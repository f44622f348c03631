// Starts threads in a namespace and ends each at another moment of its start. Argument: how many. Prints that it lived.
import { runInNamespace } from '../../dist/sys/index.js';

const module = new URL('../../dist/demo/ping.js', import.meta.url);
const count = Number(process.argv[2]);
for (let i = 0; i < count; i++) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20 + (i % 60));
  const task = { netns: '/proc/self/ns/net', module, name: 'ping', args: ['127.0.0.1', 5_000], signal: stop.signal };
  await runInNamespace(task).catch(() => {});
}
console.log('lived');
