import type { XskSocket } from '../xsk/index.js';
import { Drop } from './counters.js';

/** A socket that packets are forwarded from and to. */
export interface ForwarderSocket {
  readonly socket: XskSocket;
  /** The interface it belongs to, by its place in the bridge. */
  readonly port: number;
  /** Where its counters begin. */
  readonly row: number;
  /** Whether checksums may arrive incomplete. */
  readonly partialChecksums: boolean;
}

/** A socket, and what its forwarder has to know of it. */
export class Member implements ForwarderSocket {
  readonly socket: XskSocket;
  readonly port: number;
  readonly row: number;
  readonly partialChecksums: boolean;
  /** Its place among its worker's sockets. */
  readonly number: number;
  /** Port that packets go to when no callback says another, or a reason to drop them. */
  opposite = 0;
  /** Whether a stage drops, holds or changes packets when it is known where they go. */
  chooses = false;
  /** Which socket to leave by for each port; undefined where none can transmit. */
  egress: readonly (Member | undefined)[] = [];
  /** Where all packets go without a look at them; undefined when a stage is on their way. */
  straight: Member | undefined;
  /** Whose transmitted frames go straight back into the fill ring. */
  recycles: Member | undefined;
  /** Frames were put into the TX ring, and the kernel was not yet asked to send them. */
  unsent = false;
  /** The device did not take all it was given. */
  stalled = false;
  /** Packets thrown away on receiving that are counted. */
  oversized = 0;
  /** Frames received since the fill ring was last filled up. */
  taken = 0;
  /** Frames that are moved at once: each touch of a ring's index costs as much as several packets. */
  readonly lot: number;

  constructor(from: ForwarderSocket, number: number) {
    this.number = number;
    this.socket = from.socket;
    this.port = from.port;
    this.row = from.row;
    this.partialChecksums = from.partialChecksums;
    this.lot = Math.max(1, from.socket.rings.fill.size >> 3);
  }

  /** Finds its ways out among all sockets of the worker. A queue's packets always leave by the same queue, so that flows keep their order. */
  connect(members: readonly Member[]): void {
    const ports = Math.max(...members.map(({ port }) => port)) + 1;
    this.opposite = ports === 1 ? Drop.mirrored : 1 - this.port;
    const ordinal = members.filter(({ port }) => port === this.port).indexOf(this);
    this.egress = Array.from({ length: ports }, (_, port) => {
      const out = members.filter((other) => other.port === port && other.socket.tx !== undefined);
      return out[ordinal % out.length];
    });
  }
}
