export { Backend, type BackendPlace } from './backend/backend.js';
export { BackendPort, type BatchCallback, DONE, type PortCounts, SEND_BACK } from './backend/backend-port.js';
export { BackendQueues, type BackendQueuesOptions } from './backend/backend-queues.js';
export { BackendSockets, type SocketPlaces } from './backend/backend-sockets.js';
export type { BackendModule } from './backend/backend-worker.js';
export type { FrameAccount } from './backend/frame-account.js';
export { DEFAULT_RING_SIZES, type RingSizeChoice, type RingSizes } from './backend/ring-sizes.js';
export type { BackendServer } from './backend/served-backend.js';
export {
  type OpenSteeringOptions,
  openSteering,
  type SteeredBackendOptions,
  SteeredInterface,
  type SteeringEvent,
} from './backend/steered-interface.js';
export type { BackendCounts, BackendSample, SteeringSample } from './backend/steering-sample.js';
export { Cibir, type CibirOptions } from './cid/cibir.js';
export { CID_CODECS, type CidCodecName, type CidCodecOptions, cidCodec } from './cid/cid-codec.js';
export { CidV1, type CidV1Options } from './cid/cidv1.js';
export {
  type CidCodec,
  type CidDescription,
  CidFailure,
  type CidTable,
  type DecodePlace,
  type RandomFill,
} from './cid/codec.js';
export { Katran, type KatranOptions, type KatranVersion } from './cid/katran.js';
export { MsQuic, type MsQuicOptions } from './cid/msquic.js';
export { QuicLb, type QuicLbOptions } from './cid/quic-lb.js';
export type { QuicLbConfigOptions } from './cid/quic-lb-config.js';
export { applyConfig } from './config/apply-config.js';
export { loadSteeringConfig, readSteeringConfig, type SteeringConfig } from './config/steering-config.js';
export { watchFile } from './config/watch-file.js';
export * from './steering/index.js';
export { QuicDissector, type QuicDissectorOptions, type QuicPacket } from './watch/quic-dissector.js';
export { QuicWatch, type QuicWatchOptions, type WatchedFrame } from './watch/quic-watch.js';
