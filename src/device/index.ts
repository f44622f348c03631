export { type AttachOptions, attachProgram, refuseTaken } from './attach-program.js';
export { Device, type DeviceOptions } from './device.js';
export { chooseFrames, type FrameChoice } from './frame-choice.js';
export { fitsFrame, longestPacket } from './frame-fit.js';
export { recoverOffloads } from './offload-journal.js';
export { type PortEvent, PortWatch } from './port-watch.js';
