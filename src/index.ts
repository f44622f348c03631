/** xdpkit: the Linux express data path from TypeScript. The parts below are also there on their own: `xdpkit/xsk`, … */
export { Device, type DeviceOptions } from './device/index.js';
export type { XdpMode } from './kernel/index.js';
export {
  Bridge,
  type BridgeOptions,
  type BridgeSample,
  type BridgeSummary,
  type FrameAudit,
  type PacketCallback,
  type PortSample,
  type SocketCounts,
  type WorkerCounts,
} from './pipeline/index.js';
export { ERROR_CODES, type ErrorCode, XdpError } from './sys/index.js';
export { Batch, Packet, type XskStatistics, type ZeroCopy } from './xsk/index.js';
