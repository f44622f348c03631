// Opens an interface and holds it until it is killed. Arguments: namespace to live in, interface.
import { Device } from '../../dist/device/index.js';
import { enterNamespace } from '../../dist/sys/index.js';

const [, , netns, name] = process.argv;
enterNamespace(netns);
globalThis.held = Device.open(name, { capacity: 1792, promiscuous: true });
console.log('open');
setInterval(() => {}, 1000);
