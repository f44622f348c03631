// Run with --expose-gc: tells at which moments the range of a mapping is part of this process.
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Mapping } from '../../dist/sys/index.js';

const LENGTH = 8 << 20;
const found = {};
// The scope of a function, so that no register of this module keeps a view alive.
const closed = await (async () => {
  const mapping = Mapping.anonymous(LENGTH);
  const view = new Uint8Array(mapping.buffer);
  view.fill(1);
  found.open = isMapped(mapping.address);
  mapping.close();
  await collect();
  found.closedButSeen = isMapped(mapping.address);
  found.sum = view.reduce((sum, byte) => sum + byte, 0);
  return mapping.address;
})();
const dropped = (() => Mapping.anonymous(LENGTH).address)();
await collect();
found.afterCollection = isMapped(closed);
found.neverClosed = isMapped(dropped);
console.log(JSON.stringify(found));

async function collect() {
  for (let i = 0; i < 10; i++) {
    globalThis.gc();
    await turn();
  }
}

/** Whether any page in the middle of the range is mapped; neighbours are merged into one line. */
function isMapped(address) {
  const middle = BigInt(address) + BigInt(LENGTH / 2);
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) /.exec(line))
    .some((range) => range && BigInt(`0x${range[1]}`) <= middle && middle < BigInt(`0x${range[2]}`));
}
