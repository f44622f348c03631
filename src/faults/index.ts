export { DISTRIBUTIONS } from './distributions.js';
export {
  FAULT_COUNTERS,
  type FaultCounter,
  type FaultCounts,
  FaultSlot,
  readFaultCounts,
} from './fault-counters.js';
export { FaultLogFile } from './fault-log-file.js';
export { FaultLogReader, type FaultRecord } from './fault-log-reader.js';
export { faultLogRing, LOGGED_FAULTS, type LoggedFault } from './fault-log-ring.js';
export { FAULT_MARKS, heldMicroseconds, markedFaults } from './fault-marks.js';
export type { FaultSocket } from './fault-stream.js';
export type { LeftFrame } from './hold-store.js';
export { FaultInjector, type FaultInjectorOptions } from './injector.js';
export {
  FAULT_SETTINGS,
  type FaultControl,
  type FaultSchema,
  type FaultSettings,
  type GlobalFaultSetting,
  type PortFaultSetting,
} from './settings.js';
export type { FaultDrops } from './stage-parts.js';
