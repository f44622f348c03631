// Attaches a program and holds it until it is killed. Arguments: namespace, interface, mode.
import { Assembler, link, R0, XdpAction } from '../../dist/ebpf/index.js';
import { XdpLink, XdpProgram } from '../../dist/kernel/index.js';
import { getLink } from '../../dist/netdev/index.js';
import { enterNamespace } from '../../dist/sys/index.js';

const [, , netns, name, mode] = process.argv;
enterNamespace(netns);
const instructions = link(new Assembler().mov(R0, XdpAction.pass).exit().assemble());
globalThis.held = XdpLink.attach(new XdpProgram({ name: 'holder', instructions }), getLink(name), mode);
console.log('attached');
setInterval(() => {}, 1000);
