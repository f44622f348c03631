export type {
  BackendAct,
  BackendEntry,
  BackendOptions,
  BackendSlot,
  BackendState,
} from './backend.js';
export { SteeringMap } from './layouts.js';
export { MAGLEV_SLOTS, type MaglevBackend, maglevTable, NO_BACKEND } from './maglev.js';
export type { SteeringOptions, SteeringPlan } from './options.js';
export { SteeringReference, type SteeringVerdict } from './reference.js';
export type { SteeringStatistics } from './statistics.js';
export { type CountedId, Steering, type SteeringBackend } from './steering.js';
export type { SteeringMapShape } from './steering-maps.js';
export { type CompiledSteering, compileSteering } from './steering-program.js';
