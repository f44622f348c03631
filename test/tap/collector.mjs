/**
 * A process that collects numbered packets: collector.mjs NAME FILE HOLD. Before it releases a block it appends the numbers to
 * FILE, as pairs of ring and number, and holds the block for up to HOLD milliseconds.
 */
import { openSync, writeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { TapReader } from '../../dist/tap/index.js';

const [, , name, file, hold] = process.argv;
const fd = openSync(file, 'a');
const tap = TapReader.open(name);
const { record } = tap;
let told = false;
while (!tap.isOver) {
  while (tap.claim()) {
    const numbers = [];
    while (tap.next()) {
      const view = new DataView(record.bytes.buffer, record.offset, record.length);
      numbers.push(view.getUint32(12, true), view.getFloat64(16, true));
    }
    writeSync(fd, new Float64Array(numbers));
    const end = performance.now() + Math.random() * Number(hold);
    while (performance.now() < end);
    tap.release();
    if (!told) process.stdout.write('ready\n');
    told = true;
    await setImmediate();
  }
  await setTimeout(1);
}
process.stdout.write(`${JSON.stringify(tap.status())}\n`);
tap.close();
