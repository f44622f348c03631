export { Batch } from './batch.js';
export { BoundSocket, type BoundSocketOptions, type SocketPlace, type ZeroCopy } from './bound-socket.js';
export { FrameLedger, FrameOwner } from './frame-ledger.js';
export { FramePool } from './frame-pool.js';
export { joinXskSocket, openXskSocket, type XskSocketOptions } from './kernel-socket.js';
export { Packet } from './packet.js';
export { Poller } from './poller.js';
export { QueueRings } from './queue-rings.js';
export {
  ADDRESS_WORDS,
  AddressConsumer,
  AddressProducer,
  DESCRIPTOR_WORDS,
  DescriptorConsumer,
  DescriptorProducer,
  type RingMemory,
  ringInMemory,
} from './ring.js';
export { type TwinOptions, TwinQueue } from './twin.js';
export { Umem, type UmemOptions, type UmemPlace } from './umem.js';
export { type RingPeer, XskSocket, type XskSocketParts, type XskStatistics } from './xsk-socket.js';
