export type { CompileOptions, EmitExpression, ExpressionPlace } from './compile-options.js';
export { compileRules } from './compile-rules.js';
export {
  type CompiledMap,
  type CompiledMapKind,
  type CompiledRules,
  type InterfaceSlot,
  type MapContents,
  type ProgramSlot,
  RULE_COUNTERS,
  type RuleBlock,
  type SocketSlot,
  type SteeringSlot,
} from './compiled-rules.js';
export { emitUdpParser, UdpPlace } from './udp-parser.js';
