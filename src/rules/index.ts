export * from './compiler/index.js';
export * from './model/index.js';
export * from './reference/index.js';
