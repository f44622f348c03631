export { type DemoCheck, type DemoOptions, type DemoResult, runDemo } from './demo.js';
