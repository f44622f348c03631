export * from './compiler/index.js';
export * from './model/index.js';
