import { type GenericFamily, GenericSocket } from './generic-netlink.js';
import type { Attributes, PayloadWriter } from './netlink-attributes.js';
import type { NetnsOptions } from './netlink-socket.js';

/** Every ethtool message has its device header in the first attribute. */
const ETHTOOL_A_HEADER = 1;
const ETHTOOL_A_HEADER_DEV_INDEX = 1;

/** Ethtool's generic netlink family (kernel 5.6, Documentation/networking/ethtool-netlink.rst). */
export class EthtoolSocket implements Disposable {
  readonly #socket: GenericSocket;

  constructor(options: NetnsOptions = {}) {
    this.#socket = new GenericSocket('ethtool', options);
  }

  get family(): GenericFamily {
    return this.#socket.family;
  }

  /**
   * @param index the interface's
   * @returns the attributes of the answers; none when the kernel only acknowledges
   */
  request(what: string, command: number, index: number, write?: (payload: PayloadWriter) => void): Attributes[] {
    return this.#socket.request(what, command, (payload) => {
      payload.nested(ETHTOOL_A_HEADER, (header) => header.u32(ETHTOOL_A_HEADER_DEV_INDEX, index));
      write?.(payload);
    });
  }

  /** Asks for all devices that know this command: answers by interface index. */
  dump(what: string, command: number): Map<number, Attributes> {
    const byIndex = new Map<number, Attributes>();
    for (const answer of this.#socket.dump(what, command, (payload) => payload.nested(ETHTOOL_A_HEADER, () => {}))) {
      const index = deviceOf(answer);
      if (index !== undefined) byIndex.set(index, answer);
    }
    return byIndex;
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The index of the interface that an ethtool message is about. */
export function deviceOf(message: Attributes): number | undefined {
  return message.nested(ETHTOOL_A_HEADER)?.u32(ETHTOOL_A_HEADER_DEV_INDEX);
}
