import { Umem } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { complianceSuite } from './compliance.js';
import { hasTxBudget, Wire } from './kernel-queue.js';

failOnLeaks();

for (const memory of ['mapped', 'shared'] as const) {
  complianceSuite(`the kernel, UMEM ${memory},`, ({ frames, ring }) => {
    const wire = new Wire();
    const umem = new Umem({ frames, memory, ledger: true });
    // So few, to see that it is asked again.
    const txBudget = hasTxBudget ? 32 : undefined;
    const sizes = { rxSize: ring, txSize: ring, fillSize: ring, completionSize: ring, txBudget };
    const socket = wire.open(umem, sizes);
    return {
      umem,
      socket,
      inject: (frame) => wire.far.send(frame),
      transmitted: () => wire.far.received(),
      [Symbol.dispose]() {
        socket.close();
        umem.close();
        wire[Symbol.dispose]();
      },
    };
  });
}
