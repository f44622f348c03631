export { Arena } from './arena.js';
export type { Backend, Bytes, Watch } from './backend.js';
export * as calls from './calls.js';
export { currentBackend, useBackend } from './calls.js';
export { type Capability, missingCapabilities, refusedError, requireCapabilities } from './capabilities.js';
export {
  ERROR_CODES,
  Errno,
  type ErrorCode,
  errnoName,
  isErrno,
  SystemError,
  XdpError,
  type XdpErrorOptions,
} from './errors.js';
export { Mapping } from './mapping.js';
export {
  enterNamespace,
  NETNS_DIRECTORY,
  namespacePath,
  openNamespace,
  runInNamespace,
  withNamespace,
} from './netns.js';
export { OwnedFd } from './owned-fd.js';
export { isAlive, ownIdentity, type ProcessIdentity, pidNamespace } from './process-identity.js';
export { openResources, type TracedResource, traceResources } from './trace.js';
export { WasmCode, type WasmMemory } from './wasm.js';
