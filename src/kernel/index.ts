export { allPins } from './all-pins.js';
export {
  type AttachedProgram,
  type Attachments,
  type InterfaceOfInterest,
  type InterfaceProgram,
  listAttachments,
  type NetfilterProgram,
} from './attachments.js';
export { bpffs } from './bpffs.js';
export { Btf } from './btf.js';
export {
  type CpuEntry,
  cpuEntry,
  type DeviceEntry,
  deviceEntry,
  mapEntry,
  programEntry,
} from './descriptor-entries.js';
export {
  bytes,
  type Codec,
  codecOf,
  type Layout,
  perCpu,
  type Scalars,
  type ValueOf,
  type WrittenValueOf,
} from './layout.js';
export { BpfLink, XdpLink, type XdpMode } from './link.js';
export { allLinks, type LinkInfo, type LinkTarget } from './link-info.js';
export { BpfMap, u32 } from './map.js';
export type { MapBatch } from './map-batch.js';
export type { MapOptions } from './map-create.js';
export type { MapInfo } from './map-info.js';
export { MapFlag, MapKind } from './map-kind.js';
export { NamedPins } from './named-pins.js';
export { type ObjectKind, objectIds } from './object.js';
export type { Pin } from './pin.js';
export { lockPins, PinDirectory } from './pin-directory.js';
export type { PinLock } from './pin-lock.js';
export { possibleCpus } from './possible-cpus.js';
export { type ProgramOptions, type ProgramPlace, type ProgramRecords, XdpProgram } from './program.js';
export { type ProgramInfo, programInfo } from './program-info.js';
export { Queue } from './queue.js';
export { type RecordVisitor, RingBuffer } from './ring-buffer.js';
export {
  type Arrival,
  type LiveOptions,
  type LiveResult,
  TestRun,
  type TestRunOptions,
  type TestRunResult,
} from './test-run.js';
export { TypedMap, type UpdateCondition } from './typed-map.js';
export { VerifierError } from './verifier-error.js';
export { XskMap } from './xsk-map.js';
