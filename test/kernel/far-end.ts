import { calls, Errno, OwnedFd, withNamespace } from '../../dist/sys/index.js';

const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
/** ETH_P_ALL in network byte order. */
const ALL_PROTOCOLS = 0x0300;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;

/** The other end of a wire: an AF_PACKET socket that sends frames as they are, and takes down what arrives. */
export class FarEnd implements Disposable {
  readonly #socket: OwnedFd;
  readonly #buffer: Uint8Array = new Uint8Array(65_536);

  constructor(index: number, netns: string) {
    const open = () => calls.socket(AF_PACKET, SOCK_RAW_NONBLOCK_CLOEXEC, ALL_PROTOCOLS);
    this.#socket = new OwnedFd(withNamespace(netns, open), 'far end');
    const { fd } = this.#socket;
    calls.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, new Uint32Array([1]));
    calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, new Uint32Array([16 << 20]));
    // struct sockaddr_ll {u16 family; u16 protocol; i32 index; u16 hatype; u8 pkttype; u8 halen; u8 addr[8];}
    calls.bind(fd, new Uint32Array([AF_PACKET | (ALL_PROTOCOLS << 16), index, 0, 0, 0]));
    this.received();
  }

  send(frame: Uint8Array): void {
    const result = calls.sendto(this.#socket.fd, frame, 0);
    if (result !== frame.length) throw new Error(`sending ${frame.length} bytes gave ${result}`);
  }

  /** What has arrived since the last call. */
  received(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const length = calls.recvfrom(this.#socket.fd, this.#buffer, 0);
      if (length === -Errno.EAGAIN) return frames;
      if (length < 0) throw new Error(`receiving gave ${length}`);
      frames.push(this.#buffer.slice(0, length));
    }
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A frame of an experimental EtherType that hosts ignore, with a number and a pattern that depends on it. */
export function testFrame(number: number, length: number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, i) => (number * 7 + i * 13) & 255);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, number >> 8, number & 255]);
  return frame;
}
