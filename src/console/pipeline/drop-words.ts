import type { Word } from '../interpreter/word.js';
import type { VendorLookup } from './mac-line.js';
import { macSetWords } from './mac-set-words.js';
import type { PipelineControl } from './pipeline-control.js';

export function dropWords({ drops }: PipelineControl, vendorOf: VendorLookup): Word[] {
  const texts = {
    prefix: 'drop.hash',
    insert: 'add specific MAC address to drop',
    reset: 'reset drop machash to 0 elements',
    show: 'show user defined drop machash',
  };
  return macSetWords(drops, texts, vendorOf);
}
