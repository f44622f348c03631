/** Adds backends to a steering that another process has pinned, and removes every second one again: `node add-backends.mjs NAME FIRST COUNT`. */
import { Steering } from '../../dist/quic/index.js';

const [name, first, count] = process.argv.slice(2);
const steering = Steering.open(name);
for (let id = Number(first); id < Number(first) + Number(count); id++) {
  steering.add({ id });
  if (id % 2 === 1) steering.remove(id);
}
steering.close();
