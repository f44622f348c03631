import { describe } from 'vitest';
import { hasFragments, Umem } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { complianceSuite } from './compliance.js';
import { fragmentSuite } from './fragment-compliance.js';
import { hasTxBudget, reclaims, Wire } from './kernel-queue.js';
import type { QueueOptions, QueueUnderTest } from './queue-driver.js';

failOnLeaks();

/** XDPKIT_LONG runs the suite on more kinds of UMEM. */
const LONG = process.env['XDPKIT_LONG'] !== undefined;

const open = ({ frames, ring, ...shape }: QueueOptions): QueueUnderTest => {
  const wire = new Wire({ fragments: shape.fragments });
  const umem = new Umem({ frames, ledger: true, ...shape });
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

complianceSuite('the kernel', open);
complianceSuite('the kernel, unaligned,', open, { frameSize: 3000 });
describe.runIf(hasFragments())('multi-buffer (Linux 6.6)', () => {
  for (const frameSize of LONG ? [2048, 2050, 3000, 4096] : [3000, 4096]) {
    const name = `the kernel, fragments of ${frameSize},`;
    fragmentSuite(name, open, { frameSize }, reclaims);
    if (!LONG) continue;
    complianceSuite(name, open, { frameSize, fragments: true });
    complianceSuite(`the kernel, frames of ${frameSize},`, open, { frameSize });
  }
});
