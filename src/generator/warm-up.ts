import { TwinQueue, Umem } from '../xsk/index.js';
import { planFrames } from './frame-plan.js';
import { DescribedSource } from './frame-source.js';
import { pacerOf } from './pacer.js';
import { SEND_SLOTS } from './send-counters.js';
import type { XskPlan } from './send-plan.js';
import { XskSender } from './xsk-sender.js';

const FRAMES = 100_000;
const RING = 256;

/**
 * Sends frames of the plan into an in-memory queue until V8 has compiled the way they go: code that is first compiled under
 * load is compiled with less known about it. Takes some 50 ms.
 */
export function warmUp({ frames, batch, umem: { frameSize } }: XskPlan): void {
  if (frames.kind !== 'described') return;
  using umem = new Umem({ frames: RING, frameSize });
  const { socket } = new TwinQueue({ umem, size: RING });
  const plan = planFrames(frames.fields);
  const source = new DescribedSource({ plan, bytes: umem.bytes, frameSize, first: 0, stride: 1, count: FRAMES });
  const pacer = pacerOf({ rate: { unit: 'max' }, longest: frameSize });
  const sender = new XskSender({ umem, socket, source, pacer, batch, counters: new Float64Array(SEND_SLOTS) });
  sender.start();
  while (!sender.done) sender.turn();
}
