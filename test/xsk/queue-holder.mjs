// Binds an AF_XDP socket and holds it until it is killed. Arguments: namespace, interface, queue.
import { getLink } from '../../dist/netdev/index.js';
import { enterNamespace } from '../../dist/sys/index.js';
import { openXskSocket, Umem } from '../../dist/xsk/index.js';

const [, , netns, name, queue] = process.argv;
enterNamespace(netns);
globalThis.held = openXskSocket({ umem: new Umem({ frames: 64 }), interface: getLink(name), queue: Number(queue) });
console.log('bound');
setInterval(() => {}, 1000);
