// Tries what needs privileges, and prints how each attempt ended. Argument: bytes of the UMEM.
import { Assembler, link, R0, XdpAction } from '../../dist/ebpf/index.js';
import { BpfMap, listAttachments, objectIds, XdpProgram, XskMap } from '../../dist/kernel/index.js';
import { calls, OwnedFd } from '../../dist/sys/index.js';
import { openXskSocket, Umem } from '../../dist/xsk/index.js';

const outcome = (run) => {
  try {
    run();
    return { code: 'ok' };
  } catch (error) {
    return error.toJSON?.() ?? { code: String(error) };
  }
};
const instructions = link(new Assembler().mov(R0, XdpAction.pass).exit().assemble());
const frames = Number(process.argv[2]) / 2048;
console.log(
  JSON.stringify({
    // There is no interface with this index: an attempt that gets as far as binding ends with INTERFACE_GONE.
    socket: outcome(() =>
      openXskSocket({ umem: new Umem({ frames: 16 }), interface: { index: 999_999, name: 'none' }, queue: 0 }),
    ),
    umem: outcome(() => {
      const socket = new OwnedFd(calls.socket(44, 3, 0), 'AF_XDP socket');
      new Umem({ frames }).register(socket.fd);
    }),
    array: outcome(() => new BpfMap({ kind: 'array', name: 'a', keySize: 4, valueSize: 4, maxEntries: 1 })),
    xskmap: outcome(() => new XskMap('x', 1)),
    ids: outcome(() => [...objectIds('program')]),
    attached: outcome(() => listAttachments([{ index: 1, name: 'lo', xdp: [{ mode: 'generic', programId: 1 }] }])),
    program: outcome(() => new XdpProgram({ name: 'p', instructions })),
  }),
);
