import { describe } from 'vitest';
import { hasFragments, Umem } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { complianceSuite, type QueueOptions, type QueueUnderTest } from './compliance.js';
import { fragmentSuite } from './fragment-compliance.js';
import { hasTxBudget, Wire } from './kernel-queue.js';

failOnLeaks();

const open = ({ frames, ring, ...shape }: QueueOptions, memory: 'mapped' | 'shared'): QueueUnderTest => {
  const wire = new Wire({ fragments: shape.fragments });
  const umem = new Umem({ frames, memory, ledger: true, ...shape });
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
};

complianceSuite('the kernel', (options) => open(options, 'mapped'));
complianceSuite('the kernel, UMEM shared,', (options) => open(options, 'shared'));
complianceSuite('the kernel, unaligned,', (options) => open(options, 'mapped'), { frameSize: 3000 });
complianceSuite('the kernel, unaligned, sizes that no cache line divides,', (options) => open(options, 'shared'), {
  frameSize: 2050,
});
describe.runIf(hasFragments())('multi-buffer (Linux 6.6)', () => {
  for (const frameSize of [2048, 4096, 3000]) {
    complianceSuite(`the kernel, fragments of ${frameSize},`, (options) => open(options, 'mapped'), {
      frameSize,
      fragments: true,
    });
    fragmentSuite(`the kernel, fragments of ${frameSize},`, (options) => open(options, 'mapped'), { frameSize });
  }
});
