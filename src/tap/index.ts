export type { TapConsumer } from './consumer-table.js';
export type { TapAccount } from './tap-account.js';
export { tapComment } from './tap-comment.js';
export { TAP_NAME, type TapNames, type TapOptions } from './tap-options.js';
export { TapDirection, type TapPlace, TapProducer } from './tap-producer.js';
export { TapQueue } from './tap-queue.js';
export { TapReader } from './tap-reader.js';
export type { TapRecord } from './tap-record.js';
export type { TapStatus } from './tap-status.js';
