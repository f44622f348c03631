import { type Assembled, Assembler, R0, R1, R10, XdpAction } from '../../ebpf/index.js';
import { emitUdpParser } from '../../rules/index.js';
import { SteeringMap } from './layouts.js';
import { type SteeringOptions, type SteeringPlan, steeringPlan } from './options.js';
import { Stack, SteeringCode, UDP } from './steering-code.js';
import { type SteeringMapShape, steeringMaps } from './steering-maps.js';
import { writeDelivery, writeRouting } from './write-delivery.js';
import { writeHashing } from './write-hashing.js';
import { writeLongHeader, writeShortHeader } from './write-header.js';

/** A steering as a program, and the maps it names. Nothing here is of the machine it was compiled on. */
export interface CompiledSteering {
  readonly program: Assembled;
  readonly maps: readonly SteeringMapShape[];
  readonly plan: SteeringPlan;
}

/**
 * Compiles a steering into an XDP program. docs/quic-steering.md tells what it does. It runs from Linux 5.11 on.
 *
 * @throws XDP_ERR_USAGE for options out of range
 */
export function compileSteering(options: SteeringOptions): CompiledSteering {
  const plan = steeringPlan(options);
  const a = new Assembler();
  const code = new SteeringCode(a, plan);
  emitUdpParser(a, { udp: 'udp', other: 'pass' });
  a.label('udp');
  writePorts(code);
  a.store('u32', R10, Stack.zero, 0).store('u32', R10, Stack.isInitial, 0);
  code.lookUp(SteeringMap.statistics, Stack.zero);
  a.jump('==', R0, 0, 'pass').store('u64', R10, Stack.statistics, R0);
  code.count('packets');
  writeShortHeader(code);
  writeRouting(code);
  writeDelivery(code);
  writeLongHeader(code);
  writeHashing(code);
  writeEnds(code);
  code.writeLater();
  plan.codec.emitFunctions(a);
  return { program: a.assemble(), maps: steeringMaps(plan), plan };
}

function writePorts({ a, plan: { ports } }: SteeringCode): void {
  if (ports.length === 0) return;
  a.load('u16', R1, UDP, 2);
  const turned = ports.map((port) => ((port & 0xff) << 8) | (port >> 8));
  for (const port of turned.slice(0, -1)) a.jump32('==', R1, port, 'quic');
  a.jump32('!=', R1, turned.at(-1)!, 'pass').label('quic');
}

function writeEnds(code: SteeringCode): void {
  const { a, plan } = code;
  const odd = plan.oddPackets === 'drop' ? XdpAction.drop : XdpAction.pass;
  a.label('truncated');
  code.count('truncated').verdict(odd);
  a.label('forbidden length');
  code.count('forbiddenLength').verdict(odd);
  a.label('version 0');
  code.count('versionZero').verdict(odd);
  a.label('nobody');
  code.count('noBackend').verdict(plan.withoutSocket === 'drop' ? XdpAction.drop : XdpAction.pass);
  a.label('pass');
  code.verdict(XdpAction.pass);
}
