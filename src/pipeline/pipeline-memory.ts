import { ControlBlock, MacSet } from '../control/index.js';
import { FAULT_COUNTERS, FAULT_SETTINGS, type FaultControl } from '../faults/index.js';
import { PIPELINE_SETTINGS, type PipelineControlBlock } from './pipeline-settings.js';
import { type StatisticsPlace, statisticsPlace } from './statistics-stage.js';

/** Where a pipeline's shared memory is, in a form that another thread can be told. */
export interface PipelinePlace {
  readonly ports: number;
  readonly settings: SharedArrayBuffer;
  readonly faults: SharedArrayBuffer;
  readonly faultCounts: SharedArrayBuffer;
  /** In the order of {@link PipelineMemory.sets}. */
  readonly sets: readonly SharedArrayBuffer[];
  /** One for each socket of all workers. */
  readonly statistics: readonly StatisticsPlace[];
}

/**
 * What the main thread and the workers of a pipeline share: the main thread writes the settings and sets, and reads what the
 * workers count.
 */
export class PipelineMemory {
  readonly place: PipelinePlace;
  readonly settings: PipelineControlBlock;
  readonly faults: FaultControl;
  /** A packet from or to one of these is dropped. */
  readonly drops: MacSet;
  /** Packets from and to these are tapped; an empty set has all. */
  readonly taps: MacSet;
  /** Faults befall packets from one of these; an empty set has all. */
  readonly faultSources: MacSet;
  /** The same, of packets to one of these. */
  readonly faultDestinations: MacSet;
  /** All of them. */
  readonly sets: readonly MacSet[];
  /** A row of FAULT_COUNTERS for each socket. */
  readonly faultCounts: Float64Array;

  private constructor(ports: number, sockets: number, place?: PipelinePlace) {
    this.settings = new ControlBlock(PIPELINE_SETTINGS, ports, place?.settings);
    this.faults = new ControlBlock(FAULT_SETTINGS, ports, place?.faults);
    this.drops = new MacSet(place?.sets[0]);
    this.taps = new MacSet(place?.sets[1]);
    this.faultSources = new MacSet(place?.sets[2]);
    this.faultDestinations = new MacSet(place?.sets[3]);
    const faultCounts = place?.faultCounts ?? new SharedArrayBuffer(sockets * FAULT_COUNTERS.length * 8);
    this.faultCounts = new Float64Array(faultCounts);
    this.sets = [this.drops, this.taps, this.faultSources, this.faultDestinations];
    this.place = place ?? {
      ports,
      settings: this.settings.shared,
      faults: this.faults.shared,
      faultCounts,
      sets: this.sets.map(({ shared }) => shared),
      statistics: Array.from({ length: sockets }, statisticsPlace),
    };
  }

  /** @param ports interfaces. @param sockets queues of all of them */
  static create(ports: number, sockets: number): PipelineMemory {
    return new PipelineMemory(ports, sockets);
  }

  static at(place: PipelinePlace): PipelineMemory {
    return new PipelineMemory(place.ports, place.statistics.length, place);
  }

  /** Where a socket's fault counters begin. */
  static faultRow(socket: number): number {
    return socket * FAULT_COUNTERS.length;
  }
}
