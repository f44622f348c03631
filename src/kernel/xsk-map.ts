import { BpfMap, u32 } from './map.js';

/** An XSKMAP: queue (or any index) to AF_XDP socket. It can't be read back, so it remembers what was set. */
export class XskMap extends BpfMap {
  readonly #sockets: Map<number, number> = new Map();

  constructor(name: string, maxEntries: number) {
    super({ kind: 'xskmap', name, maxEntries });
  }

  /** @param fd the descriptor of a socket; one without an RX ring is refused from Linux 7.2 on (ENOBUFS) */
  set(index: number, fd: number): void {
    this.update(u32(index), u32(fd));
    this.#sockets.set(index, fd);
  }

  unset(index: number): void {
    this.delete(u32(index));
    this.#sockets.delete(index);
  }

  /** What this object set and did not take out again. The kernel itself takes a socket out when it is closed. */
  entries(): IterableIterator<[index: number, fd: number]> {
    return this.#sockets.entries();
  }
}
