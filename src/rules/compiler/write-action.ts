import { Helper, R0, R1, R2, R3, R4, R5, R10, XdpAction, XdpContext } from '../../ebpf/index.js';
import type { PlainAction } from '../model/index.js';
import type { Destinations } from './destinations.js';
import { FRAME, type RuleCode, Stack } from './rule-code.js';

/** Writes an action that is no limit: the program ends in it, but for `count`, which goes on behind it. */
export function writeAction(code: RuleCode, action: PlainAction, destinations: Destinations): void {
  switch (action) {
    case 'count':
      return;
    case 'drop':
      writeVerdict(code, XdpAction.drop);
      return;
    case 'pass':
      writeVerdict(code, XdpAction.pass);
      return;
    case 'redirect':
      redirectToSocket(code, destinations.socketMap(undefined));
      return;
    case 'l2-forward':
      forward(code);
      return;
    default:
      if ('program' in action) {
        tailCall(code, destinations.program(action.program));
        return;
      }
      if ('steer' in action) {
        tailCall(code, destinations.steering(action.steer));
        return;
      }
      if ('socket' in action.redirect) {
        redirectToSocket(code, destinations.socketMap(action.redirect.socket));
        return;
      }
      redirectToInterface(code, destinations.interface(action.redirect.interface));
      return;
  }
}

export function writeVerdict(code: RuleCode, verdict: number): void {
  code.a.mov32(R0, verdict).exit();
}

/** The third argument is the verdict where the map has nothing at the key. */
function redirectToSocket(code: RuleCode, map: string): void {
  code.a.load('u64', R1, R10, Stack.context).load('u32', R2, R1, XdpContext.rxQueueIndex);
  code.a.map(R1, map).mov32(R3, XdpAction.pass).call(Helper.redirectMap).exit();
}

function redirectToInterface(code: RuleCode, { map, key }: { map: string; key: number }): void {
  code.a.map(R1, map).mov32(R2, key).mov32(R3, XdpAction.pass).call(Helper.redirectMap).exit();
}

/** A call that succeeds does not come back. */
function tailCall(code: RuleCode, { map, key }: { map: string; key: number }): void {
  code.a.load('u64', R1, R10, Stack.context).map(R2, map).mov32(R3, key).call(Helper.tailCall);
  writeVerdict(code, XdpAction.pass);
}

/** Swaps the MAC addresses. What is too short for them passes. */
function forward(code: RuleCode): void {
  const short = code.fresh('short');
  code.reach(FRAME, 14, short);
  code.a.load('u32', R2, FRAME, 0).load('u16', R3, FRAME, 4).load('u32', R4, FRAME, 6).load('u16', R5, FRAME, 10);
  code.a.store('u32', FRAME, 0, R4).store('u16', FRAME, 4, R5).store('u32', FRAME, 6, R2).store('u16', FRAME, 10, R3);
  writeVerdict(code, XdpAction.tx);
  code.a.label(short);
  writeVerdict(code, XdpAction.pass);
}
