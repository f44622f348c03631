export { XdpLink, type XdpMode } from './link.js';
export { BpfMap, MapKind, type MapOptions, possibleCpus, u32, XskMap } from './map.js';
export { type ProgramInfo, type ProgramOptions, programInfo, VerifierError, XdpProgram } from './program.js';
