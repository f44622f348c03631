export { bridgeControl } from './bridge-control.js';
