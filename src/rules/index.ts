export * from './compiler/index.js';
export * from './expression/index.js';
export { compileRuleSet, expressionConditions, expressionTest } from './expressions-in-rules.js';
export { loadProblems, requireLoadable } from './load-problems.js';
export * from './model/index.js';
export * from './reference/index.js';
export * from './windows/index.js';
