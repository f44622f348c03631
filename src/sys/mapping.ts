import * as calls from './calls.js';
import { currentBackend } from './calls.js';
import { XdpError } from './errors.js';
import { clearMapped, mapAnonymous, mapShared } from './map-memory.js';
import { closed, opened } from './trace.js';

/** Gives address ranges back once no view over them can be reached any more. */
const ranges = new FinalizationRegistry<{ address: number; length: number }>(({ address, length }) =>
  calls.munmap(address, length),
);

/**
 * Memory mapped into the process, seen through one ArrayBuffer.
 *
 * A stray read through a view of unmapped memory would kill the process, and V8 offers no way to take a view away. So
 * `close()` puts fresh anonymous memory in the place of the mapping: the kernel object behind
 * it is let go at once (an AF_XDP socket lives as long as its rings are mapped), a stale view reads zeros, and the range
 * of addresses is given back when the last view has been collected.
 */
export class Mapping implements Disposable {
  readonly address: number;
  readonly length: number;
  #buffer: ArrayBuffer | undefined;

  private constructor(address: number, length: number) {
    this.address = address;
    this.length = length;
    this.#buffer = currentBackend().view(address, length);
    ranges.register(this.#buffer, { address, length });
    opened(this, 'mapping', `${address.toString(16)}+${length}`);
  }

  /** Maps `length` bytes of a descriptor, shared and populated. */
  static ofFd(fd: number, length: number, offset: number): Mapping {
    return new Mapping(mapShared(0, length, fd, offset), length);
  }

  /** Maps `length` bytes of zeroed memory, page-aligned and populated. */
  static anonymous(length: number): Mapping {
    return new Mapping(mapAnonymous(length), length);
  }

  /**
   * A view, for this thread, of memory that another thread has mapped. The mapping has to outlive it: the other thread
   * closes it only after this one has ended.
   */
  static borrow(address: number, length: number): ArrayBuffer {
    return currentBackend().view(address, length);
  }

  /** @throws XDP_ERR_CLOSED after {@link close} */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) throw new XdpError('XDP_ERR_CLOSED', 'the mapping is closed');
    return this.#buffer;
  }

  /** Idempotent. Whoever still holds a view reads zeros from now on. */
  close(): void {
    if (this.#buffer === undefined) return;
    this.#buffer = undefined;
    closed(this);
    clearMapped(this.address, this.length);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
