import { type TwinOptions, TwinQueue, Umem } from '../../dist/xsk/index.js';
import { complianceSuite, type QueueOptions, type QueueUnderTest } from './compliance.js';

const open = ({ frames, ring }: QueueOptions, start?: number): QueueUnderTest => {
  const umem = new Umem({ frames, ledger: true });
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

complianceSuite('the in-memory twin', (options) => open(options));
// All four rings pass 2^32, and on the way 2^31, within the first rounds.
complianceSuite('the twin at the end of its indices', (options) => open(options, 2 ** 32 - 37));
complianceSuite('the twin where indices become negative', (options) => open(options, 2 ** 31 - 21));
