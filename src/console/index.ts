export { type Failure, Interpreter, type LineResult } from './interpreter/interpreter.js';
export type { Output, Surroundings } from './interpreter/run.js';
export { seededRandom } from './interpreter/seeded-random.js';
export type { Word, WordEntry } from './interpreter/word.js';
export {
  type CallbackControl,
  DISTRIBUTIONS,
  type Distribution,
  type EtherTypeReport,
  type FaultControl,
  type FaultCounts,
  type FaultReport,
  type FaultSettings,
  type GilbertElliott,
  type InterfaceReport,
  type MacReport,
  type MacSet,
  type MacTableReport,
  type PipelineControl,
  type PortFaultReport,
  type PortFaultSettings,
  type QueueReport,
  type TapControl,
  type TapReport,
} from './pipeline/pipeline-control.js';
export { pipelineWords } from './pipeline/pipeline-words.js';
export { vendorOfMac } from './pipeline/vendor.js';
export { ConsoleClient } from './session/console-client.js';
export { ConsoleServer, type ConsoleServerOptions } from './session/console-server.js';
export { findConsole, listConsoles } from './session/find-console.js';
export type { Answer } from './session/protocol.js';
export { allFolders, ownFolder } from './session/run-folders.js';
export type { ConsolePlace } from './session/socket-places.js';
export { BUILT_IN_WORDS } from './words/built-in-words.js';
