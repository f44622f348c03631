export { Device, type DeviceOptions } from './device.js';
export { recoverOffloads } from './offload-journal.js';
