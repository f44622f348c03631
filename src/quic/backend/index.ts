export { Backend, type BackendPlace } from './backend.js';
export { BackendPort, type BatchCallback, DONE, type PortCounts, SEND_BACK } from './backend-port.js';
export { BackendQueues, type BackendQueuesOptions } from './backend-queues.js';
export { BackendSockets, type SocketMap } from './backend-sockets.js';
export type { BackendModule } from './backend-worker.js';
export type { FrameAccount } from './frame-account.js';
export { DEFAULT_RING_SIZES, type RingSizes } from './ring-sizes.js';
