import { Helper, R0, R1, R2, R3, R4, R10 } from '../../ebpf/index.js';
import { emitHash } from './hashing.js';
import { BackendValue, FlowKey, FlowValue, SteeringMap } from './layouts.js';
import { MAGLEV_SLOTS, NO_BACKEND } from './maglev.js';
import { BACKEND, END, NETWORK, Stack, type SteeringCode, UDP } from './steering-code.js';
import { writeBackendLookup } from './write-delivery.js';

/** Nanoseconds. A flow that was silent for longer is as good as new: UDP flows live as long in katran's table. */
export const FLOW_TIMEOUT = 30_000_000_000;
/** Bytes of a whole header, without options. */
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

/** By the table of flows, or by Maglev hashing: to `deliver`, or to `nobody`. */
export function writeHashing(code: SteeringCode): void {
  const { a } = code;
  a.label('unknown');
  code.count('unknown');
  a.goto('hash').label('invalid');
  code.count('invalid');
  a.label('hash');
  code.count('hashed');
  writeFlowKey(code);
  writeFlowLookup(code);
  writeMaglev(code);
  writeFlowEntry(code);
}

/** What the parser has verified of the IP header is forgotten here: it is compared again. */
function writeFlowKey({ a }: SteeringCode): void {
  const { flowKey } = Stack;
  a.load('u32', R1, UDP).store('u32', R10, flowKey + FlowKey.ports, R1);
  a.load('u8', R1, NETWORK).alu32('&', R1, 0xf0).jump32('==', R1, 0x60, 'flow over IPv6');
  a.mov(R1, NETWORK).alu('+', R1, IPV4_BYTES).jump('>', R1, END, 'pass');
  for (const [from, to] of [
    [12, FlowKey.source],
    [16, FlowKey.destination],
  ] as const) {
    // ::ffff:a.b.c.d
    a.store('u64', R10, flowKey + to, 0).store('u32', R10, flowKey + to + 8, 0xffff_0000);
    a.load('u32', R1, NETWORK, from).store('u32', R10, flowKey + to + 12, R1);
  }
  a.goto('flow').label('flow over IPv6');
  a.mov(R1, NETWORK).alu('+', R1, IPV6_BYTES).jump('>', R1, END, 'pass');
  for (let offset = 0; offset < 32; offset += 8) {
    a.load('u64', R1, NETWORK, 8 + offset).store('u64', R10, flowKey + offset, R1);
  }
  a.label('flow');
}

function writeFlowLookup(code: SteeringCode): void {
  const { a } = code;
  code.lookUp(SteeringMap.flows, Stack.flowKey);
  // What UDP pointed to is in the key by now.
  a.jump('==', R0, 0, 'flow miss').mov(UDP, R0);
  a.load('u32', R1, UDP, FlowValue.slot).store('u32', R10, Stack.slot, R1);
  writeBackendLookup(code, 'flow miss');
  a.load('u32', R1, UDP, FlowValue.generation).load('u32', R2, R0, BackendValue.generation);
  a.jump('!=', R1, R2, 'flow miss').mov(BACKEND, R0).call(Helper.ktimeGetCoarseNs);
  a.load('u64', R1, UDP, FlowValue.seen).load64(R2, FLOW_TIMEOUT).alu('+', R1, R2).jump('>', R0, R1, 'flow miss');
  a.store('u64', UDP, FlowValue.seen, R0);
  code.count('flowHits');
  a.goto('deliver');
}

function writeMaglev(code: SteeringCode): void {
  const { a, plan } = code;
  a.label('flow miss');
  code.count('flowMisses').lookUp(SteeringMap.maglev, Stack.zero);
  a.jump('==', R0, 0, 'nobody').mov(R1, R0).mov(R2, R10).alu('+', R2, Stack.zero).call(Helper.mapLookupElem);
  a.jump('==', R0, 0, 'nobody');
  emitHash(a, R1, R10, { at: Stack.flowKey, size: FlowKey.size, seed: plan.hashSeed }, [R2, R3]);
  // The upper half as a fraction of all slots: 0 to MAGLEV_SLOTS - 1.
  a.alu('>>', R1, 32).alu('*', R1, MAGLEV_SLOTS).alu('>>', R1, 32).alu('<<', R1, 1).alu('+', R0, R1);
  a.load('u16', R1, R0).jump32('==', R1, NO_BACKEND, 'nobody').store('u32', R10, Stack.slot, R1);
  writeBackendLookup(code, 'nobody');
  a.mov(BACKEND, R0);
}

/** Keeps the flow where it is. */
function writeFlowEntry(code: SteeringCode): void {
  const { a } = code;
  const { flowKey, flowValue } = Stack;
  code.takeEntry('flowTime', 'too many flows');
  a.store('u64', R10, flowValue + FlowValue.seen, R0);
  a.load('u32', R1, R10, Stack.slot).store('u32', R10, flowValue + FlowValue.slot, R1);
  a.load('u32', R1, BACKEND, BackendValue.generation).store('u32', R10, flowValue + FlowValue.generation, R1);
  a.mov(R2, R10).alu('+', R2, flowKey).mov(R3, R10).alu('+', R3, flowValue).mov(R4, 0);
  a.map(R1, SteeringMap.flows).call(Helper.mapUpdateElem).goto('deliver');
  a.label('too many flows');
  code.count('flowsNotKept');
  a.goto('deliver');
}
