export { BpfObject } from './bpf-object.js';
export type { BtfValue } from './btf-codec.js';
export type { LoadOptions } from './load-options.js';
export { LoadedObject, type MapValue } from './loaded-object.js';
export type { MapDefinition } from './map-definitions.js';
export type { ProgramDefinition } from './program-definitions.js';
export { Variable } from './variable.js';
