export { Bridge, type BridgeSummary } from './bridge.js';
export type { BridgeEvent, BridgeOptions, WorkerEvent } from './bridge-options.js';
export type { BridgeSample, Manner, PortSample } from './bridge-sample.js';
export type { PacketCallback } from './callback.js';
export {
  Counters,
  DROP_REASONS,
  Drop,
  type DropReason,
  OWN_COUNTERS,
  type SocketCounter,
  type SocketCounts,
  WORKER_COUNTERS,
  type WorkerCounter,
  type WorkerCounts,
} from './counters.js';
export type { EtherTypeCount } from './ether-type-table.js';
export { Forwarder, type ForwarderOptions } from './forwarder.js';
export type { ForwarderSocket } from './forwarder-member.js';
export { auditFrames, type FrameAudit } from './frame-audit.js';
export type { MacCount } from './mac-table.js';
export { type OpenInterfaceOptions, openInterface, PacketInterface, ReceivedPacket } from './open-interface.js';
export { PipelineMemory, type PipelinePlace } from './pipeline-memory.js';
export {
  PIPELINE_SETTINGS,
  type PipelineControlBlock,
  type PipelineSchema,
  type PipelineSettings,
} from './pipeline-settings.js';
export type { MacStatistics } from './port-statistics.js';
