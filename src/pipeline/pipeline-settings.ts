import type { ControlBlock, Setting, Settings } from '../control/index.js';

const onOff = (scope: Setting['scope'], word: string, help: string): Setting => {
  return { scope, word, unit: '', min: 0, max: 1, initial: 0, choices: ['off', 'on'], help };
};

export type PipelineSchema = Readonly<Record<'statistics' | 'rxTap' | 'txTap', Setting>>;
export type PipelineSettings = Settings<PipelineSchema>;
export type PipelineControlBlock = ControlBlock<PipelineSchema>;

/** Which stages packets go through. */
export const PIPELINE_SETTINGS: PipelineSchema = {
  statistics: onOff('global', 'if.statistics', 'counts source addresses and EtherTypes'),
  rxTap: onOff('interface', 'tap.rx.enable', 'copies what the interface receives into the tap'),
  txTap: onOff('interface', 'tap.tx.enable', 'copies what the interface sends into the tap'),
};
