import { HELPER_NAMES, Helper } from '../helpers.js';
import type { HelperFunction, Machine, Operation } from './machine.js';
import { MAP_HELPERS } from './map-helpers.js';
import { PACKET_HELPERS } from './packet-helpers.js';
import { REDIRECT_HELPERS } from './redirect-helpers.js';
import { RING_BUFFER_HELPERS } from './ring-buffer-helpers.js';
import { tailCall } from './tail-call.js';

const clock: HelperFunction = (m) => {
  m.quads[0] = m.clock();
};

const HELPERS: ReadonlyMap<number, HelperFunction> = new Map([
  ...MAP_HELPERS,
  ...PACKET_HELPERS,
  ...REDIRECT_HELPERS,
  ...RING_BUFFER_HELPERS,
  [Helper.ktimeGetNs, clock],
  [Helper.ktimeGetBootNs, clock],
  [Helper.ktimeGetCoarseNs, clock],
  [Helper.ktimeGetTaiNs, clock],
  [Helper.getPrandomU32, (m: Machine) => m.return(m.random() >>> 0)],
  [Helper.getSmpProcessorId, (m: Machine) => m.return(m.cpu)],
] as [number, HelperFunction][]);

/** The call of a helper. @param failure makes the error for one that is not interpreted */
export function callHelper(number: number, next: number, failure: (reason: string) => Error): Operation {
  if (number === Helper.tailCall) return tailCall(next);
  const helper = HELPERS.get(number);
  if (helper === undefined) throw failure(`the helper ${HELPER_NAMES[number] ?? number} is not interpreted`);
  return (m) => {
    helper(m);
    m.loseArguments();
    return next;
  };
}
