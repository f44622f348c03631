/**
 * A process with a pipeline in memory and a console. Argument: its name. It says "ready" and its socket when a console may
 * come, and ends in order at SIGTERM.
 */
import { ConsoleServer } from '../../dist/console/index.js';
import { twinControl } from './twin-control.mjs';

const server = await ConsoleServer.open({ name: process.argv[2], control: twinControl(), startup: false, seed: 1 });
process.on('SIGTERM', () => server.close());
console.log(`ready ${server.path}`);
