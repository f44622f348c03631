/** xdpkit: the Linux express data path from TypeScript. The parts below are also there on their own: `xdpkit/xsk`, … */
export { Device, type DeviceOptions } from './device/index.js';
export type { ProgramInfo, XdpMode, XskMap } from './kernel/index.js';
export type { Link, XdpAttachment, XdpFeatures } from './netdev/index.js';
export {
  BpfObject,
  type BtfValue,
  LoadedObject,
  type LoadOptions,
  type MapDefinition,
  type MapValue,
  type ProgramDefinition,
  Variable,
} from './object/index.js';
export {
  Bridge,
  type BridgeOptions,
  type BridgeSample,
  type BridgeSummary,
  type FrameAudit,
  type FrameChoice,
  type Manner,
  type OpenInterfaceOptions,
  openInterface,
  type PacketCallback,
  PacketInterface,
  type PortSample,
  ReceivedPacket,
  type SocketCounter,
  type SocketCounts,
  type WorkerCounter,
  type WorkerCounts,
} from './pipeline/index.js';
export { InstalledRules, type InstallOptions, installRules, type RuleStatistics } from './policy/index.js';
export {
  type Action,
  checkRules,
  explainRules,
  explanationText,
  type Match,
  type Rule,
  type RuleSet,
  RulesError,
  readRules,
  validateRules,
  writeRules,
} from './rules/index.js';
export { ERROR_CODES, type ErrorCode, XdpError, type XdpErrorOptions } from './sys/index.js';
export { Batch, Packet, type XskStatistics, type ZeroCopy } from './xsk/index.js';
