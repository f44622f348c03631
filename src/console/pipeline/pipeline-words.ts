import type { Word } from '../interpreter/word.js';
import { callbackWords } from './callback-words.js';
import { dropWords } from './drop-words.js';
import { faultWords } from './fault-words.js';
import { interfaceWords } from './interface-words.js';
import type { VendorLookup } from './mac-line.js';
import type { PipelineControl } from './pipeline-control.js';
import { portFaultWords } from './port-fault-words.js';
import { tapWords } from './tap-words.js';

/**
 * The words that steer a pipeline: those of IXDP under their names and stack comments, those of xdptap, and ours.
 *
 * @param vendorOf such as {@link vendorOfMac}
 * @param now milliseconds since the epoch
 */
export function pipelineWords(control: PipelineControl, vendorOf: VendorLookup, now: () => number = Date.now): Word[] {
  return [
    ...interfaceWords(control, vendorOf, now),
    ...tapWords(control, vendorOf),
    ...callbackWords(control),
    ...dropWords(control, vendorOf),
    ...faultWords(control, vendorOf),
    ...portFaultWords(control),
  ];
}
