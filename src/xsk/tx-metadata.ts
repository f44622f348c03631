import { XdpError } from '../sys/index.js';
import {
  TX_METADATA_SIZE,
  XDP_TX_METADATA,
  XDP_TXMD_FLAGS_CHECKSUM,
  XDP_TXMD_FLAGS_LAUNCH_TIME,
  XDP_TXMD_FLAGS_TIMESTAMP,
} from './abi.js';
import type { Batch } from './batch.js';
import type { Umem } from './umem.js';

/** Places in struct xsk_tx_metadata, in halfwords. The timestamp comes where the request stood. */
const FLAGS = 0;
const CHECKSUM_START = 4;
const CHECKSUM_OFFSET = 5;
const TIMESTAMP = 4;
const LAUNCH_TIME = 8;
const HALFWORDS = TX_METADATA_SIZE / 2;

/**
 * What the packets of a UMEM ask of the NIC that sends them: to fill in a checksum, to note down when they left, to leave at
 * a given time. What a driver does of it in zero-copy mode is in the interface's XDP features (`xsk`); in copy mode the
 * kernel sees to checksums and timestamps itself, whatever the driver. Packets that ask for nothing cost nothing.
 * Linux 6.11, launch times 6.15. Reference: Documentation/networking/xsk-tx-metadata.rst.
 */
export class TxMetadata {
  readonly #halves: Uint16Array;

  /** @throws XDP_ERR_USAGE for a UMEM without `txMetadata` */
  constructor(umem: Umem) {
    const { bytes, txMetadata } = umem;
    if (txMetadata === false) throw usage('the UMEM has no room for TX metadata');
    this.#halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  }

  /**
   * Has the one's complement sum of the packet, from `start` on, stored `offset` bytes behind `start`. There has to stand
   * what else belongs into the sum: for UDP and TCP, that of the pseudo-header (not complemented).
   *
   * @param frame of the batch: the packet's first
   * @param start  bytes from the Ethernet header on, as `offset` up to 65535
   * @throws XDP_ERR_USAGE where the checksum would lie behind the first fragment: the kernel would stop sending for good
   */
  requestChecksum(batch: Batch, frame: number, start: number, offset: number): void {
    const whole = Number.isInteger(start) && Number.isInteger(offset) && start >= 0 && offset >= 0;
    if (!whole || start + offset + 2 > batch.lengths[frame]!) {
      throw usage(`a checksum at ${start} + ${offset} is not within the ${batch.lengths[frame]} bytes there`);
    }
    const at = this.#add(batch, frame, XDP_TXMD_FLAGS_CHECKSUM);
    this.#halves[at + CHECKSUM_START] = start;
    this.#halves[at + CHECKSUM_OFFSET] = offset;
  }

  /** Has the time noted down at which the packet leaves: see {@link timestamp}. */
  requestTimestamp(batch: Batch, frame: number): void {
    this.#add(batch, frame, XDP_TXMD_FLAGS_TIMESTAMP);
  }

  /** Has the packet wait until then, and with it all behind it. @param nanoseconds of the NIC's own clock (PHC) */
  requestLaunchTime(batch: Batch, frame: number, nanoseconds: bigint): void {
    const at = this.#add(batch, frame, XDP_TXMD_FLAGS_LAUNCH_TIME);
    for (let i = 0; i < 4; i++) this.#halves[at + LAUNCH_TIME + i] = Number((nanoseconds >> BigInt(16 * i)) & 0xffffn);
  }

  /**
   * When a packet left that asked for it and has come back: `QueueRings.reapEach` tells its address.
   *
   * @returns nanoseconds, of the NIC's own clock in zero-copy mode, of CLOCK_TAI in copy mode; 0 when nobody noted it down
   */
  timestamp(address: number): bigint {
    const at = this.#at(address);
    let value = 0n;
    for (let i = 3; i >= 0; i--) value = (value << 16n) | BigInt(this.#halves[at + TIMESTAMP + i]!);
    // What was asked for a checksum may still stand there: 32 bits.
    const asked = (this.#halves[at + FLAGS]! & XDP_TXMD_FLAGS_CHECKSUM) !== 0;
    return asked && value <= 0xffff_ffffn ? 0n : value;
  }

  /** @returns where the frame's metadata stand */
  #add(batch: Batch, frame: number, flag: number): number {
    const at = this.#at(batch.addresses[frame]!);
    if ((batch.options[frame]! & XDP_TX_METADATA) === 0) {
      this.#halves.fill(0, at, at + HALFWORDS);
      batch.options[frame]! |= XDP_TX_METADATA;
    }
    this.#halves[at + FLAGS]! |= flag;
    return at;
  }

  /** @throws XDP_ERR_USAGE for an odd address, which does not come back as it was (see {@link Umem}) */
  #at(address: number): number {
    if (address % 2 !== 0) throw usage(`a packet with TX metadata begins at an even address, not at ${address}`);
    return (address - TX_METADATA_SIZE) / 2;
  }
}

function usage(message: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message);
}
