import type { MacTableReport, PipelineControl } from '../../dist/console/index.js';

export interface TwinControl extends PipelineControl {
  /** Packets that each interface received. */
  rx: number[];
  /** What every interface has seen. */
  macTable: MacTableReport;
  /** Whether statistics are on. */
  statistics: boolean;
  /** How often faults were begun anew. */
  readonly restarts: number;
}

/** @param names of its interfaces */
export function twinControl(names?: readonly string[]): TwinControl;
