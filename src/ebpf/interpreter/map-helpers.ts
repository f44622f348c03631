import { Helper } from '../helpers.js';
import { Fault } from './fault.js';
import type { HelperFunction, Machine } from './machine.js';
import type { InterpreterMap } from './map.js';
import { InterpreterQueue } from './queue-map.js';

/** The helpers for elements of maps. */
export const MAP_HELPERS: readonly (readonly [number, HelperFunction])[] = [
  [Helper.mapLookupElem, (m) => lookup(m, m.cpu)],
  [Helper.mapLookupPercpuElem, (m) => lookup(m, m.u32(3))],
  [
    Helper.mapUpdateElem,
    (m) => {
      const map = m.map(1);
      m.return(map.update(m.bytes(2, map.keySize), m.bytes(3, map.valueSize), m.u64(4), m.cpu));
    },
  ],
  [
    Helper.mapDeleteElem,
    (m) => {
      const map = m.map(1);
      m.return(map.delete(m.bytes(2, map.keySize)));
    },
  ],
  [Helper.mapPushElem, (m) => m.return(queue(m).push(m.bytes(2, queue(m).valueSize), m.u64(3)))],
  [Helper.mapPopElem, (m) => m.return(queue(m).pop(m.bytes(2, queue(m).valueSize)))],
  [Helper.mapPeekElem, (m) => m.return(queue(m).peek(m.bytes(2, queue(m).valueSize)))],
  // Nobody else is there to wait for.
  [Helper.spinLock, (m) => m.return(0)],
  [Helper.spinUnlock, (m) => m.return(0)],
];

function lookup(m: Machine, cpu: number): void {
  const map = m.map(1);
  const found = map.lookup(m.bytes(2, map.keySize), cpu);
  m.returnPointer(found, found instanceof Uint8Array ? 'a value of a map' : 'an inner map');
}

function queue(m: Machine): InterpreterQueue {
  const map: InterpreterMap = m.map(1);
  if (!(map instanceof InterpreterQueue)) throw new Fault('R1 is no queue or stack');
  return map;
}
