import { type TwinOptions, TwinQueue, Umem } from '../../dist/xsk/index.js';
import { complianceSuite } from './compliance.js';
import { fragmentSuite } from './fragment-compliance.js';
import type { QueueOptions, QueueUnderTest } from './queue-driver.js';

const open = ({ frames, ring, ...shape }: QueueOptions, start?: number): QueueUnderTest => {
  const umem = new Umem({ frames, ledger: true, ...shape });
  const wire: Uint8Array[] = [];
  const options: TwinOptions = { umem, size: ring, onTransmit: (bytes) => wire.push(bytes.slice()) };
  const twin = new TwinQueue(start === undefined ? options : { ...options, start });
  return {
    umem,
    socket: twin.socket,
    inject: (frame) => void twin.deliver(frame),
    transmitted: () => wire.splice(0),
    [Symbol.dispose]() {
      twin.socket.close();
      umem.close();
    },
  };
};

// All four rings pass 2^32, and on the way 2^31, within the first rounds.
const PLACES = [
  { name: 'the in-memory twin', start: 0 },
  { name: 'the twin at the end of its indices', start: 2 ** 32 - 37 },
  { name: 'the twin where indices become negative', start: 2 ** 31 - 21 },
];
for (const { name, start } of PLACES) {
  complianceSuite(name, (options) => open(options, start));
  for (const frameSize of [2048, 3000]) {
    const shape = { frameSize, fragments: true };
    complianceSuite(`${name}, fragments of ${frameSize}`, (options) => open(options, start), shape);
    fragmentSuite(`${name}, fragments of ${frameSize}`, (options) => open(options, start), { frameSize });
  }
}
complianceSuite('the twin, unaligned', (options) => open(options), { frameSize: 3000 });
