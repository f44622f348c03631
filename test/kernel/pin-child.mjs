// Works with pins in a process of its own. Argument: what to do; the others are that task's.
import { statfsSync } from 'node:fs';
import { BpfMap, bpffs, lockPins, PinDirectory } from '../../dist/kernel/index.js';

const [, , task, ...args] = process.argv;
const report = (value) => console.log(JSON.stringify(value));

const tasks = {
  /** Where the bpffs is, and whether it is one. */
  find() {
    try {
      const path = bpffs();
      report({ path, type: statfsSync(path).type });
    } catch (error) {
      report(error);
    }
  },
  /** Pins a map for an interface of the namespace that this process runs in. */
  pin(name) {
    const directory = PinDirectory.of(name);
    directory.create();
    const map = new BpfMap({ kind: 'array', name: 'pinned', valueSize: 4, maxEntries: 1 });
    map.pin(directory.pathOf('counts'));
    report({ path: directory.path, namespace: directory.namespace, id: map.info.id });
  },
  /** Holds the lock until it is killed. */
  async lock() {
    globalThis.lock = await lockPins();
    report('locked');
    setInterval(() => {}, 1000);
  },
};
await tasks[task](...args);
