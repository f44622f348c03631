import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batch, FrameLedger, FrameOwner, FramePool, TwinQueue, Umem } from '../../dist/xsk/index.js';

const owner = (message: string) =>
  expect.objectContaining({ code: 'XDP_ERR_FRAME_OWNER', message: expect.stringContaining(message) });

/** A pool that has all of its frames. */
function fullPool(frames: number, frameSize: number): FramePool {
  const pool = new FramePool(frames, frameSize, new Uint8Array(FramePool.bytesFor(frames)));
  pool.fill();
  return pool;
}

describe('FramePool', () => {
  test('has every frame once; any address in a frame gives that frame back', () => {
    fc.assert(
      fc.property(fc.constantFrom(2048, 4096), fc.array(fc.nat(4095), { maxLength: 40 }), (frameSize, offsets) => {
        const pool = fullPool(8, frameSize);
        const out: number[] = [];
        for (const offset of offsets) {
          if (offset % 2 === 0 && pool.free > 0) out.push(pool.take());
          else if (out.length > 0) pool.give(out.shift()! + (offset % frameSize));
          expect(pool.free + out.length).toBe(pool.frames);
          const all = [...out, ...pool.addresses()].sort((a, b) => a - b);
          expect(all).toEqual(Array.from({ length: 8 }, (_, i) => i * frameSize));
        }
      }),
    );
  });

  test.each([2048, 3000])('gives many frames of %d bytes back as it does one by one', (frameSize) => {
    const [one, many] = [fullPool(8, frameSize), fullPool(8, frameSize)];
    const taken = Uint32Array.from({ length: 6 }, (_, i) => one.take() + 13 * i);
    many.moved(6);
    for (const address of taken.subarray(1, 5)) one.give(address);
    many.giveAll(taken, 1, 5);
    expect(many.addresses()).toEqual(one.addresses());
    expect(() => many.giveAll(taken, 0, 3)).toThrow(owner('has all of its frames'));
    expect(many.free).toBe(6);
    many.giveAll(taken, 3, 3);
    expect(many.free).toBe(6);
  });

  test('is not emptied or filled beyond its frames', () => {
    const pool = fullPool(2, 2048);
    expect(() => pool.give(0)).toThrow(owner('has all of its frames'));
    expect([pool.take(), pool.take()]).toEqual([0, 2048]);
    expect(() => pool.take()).toThrow(owner('empty pool'));
  });

  test('is not emptied or filled beyond its frames by many at once', () => {
    const pool = fullPool(4, 2048);
    expect(() => pool.moved(-1)).toThrow(owner('5 free'));
    pool.moved(3);
    expect(() => pool.moved(2)).toThrow(owner('-1 free'));
    expect([...pool.addresses()]).toEqual([6144]);
    pool.moved(-3);
    expect(pool.free).toBe(4);
  });

  test('a batch of another UMEM is refused', () => {
    using umem = new Umem({ frames: 4 });
    using other = new Umem({ frames: 4 });
    const { socket } = new TwinQueue({ umem, size: 8 });
    const batch = new Batch(other, 1);
    const refusal = expect.objectContaining({ code: 'XDP_ERR_USAGE' });
    expect(() => socket.receive(batch)).toThrow(refusal);
    expect(() => socket.transmit(batch, 0, 1)).toThrow(refusal);
  });

  test('a frame that comes back though it was never taken', () => {
    using umem = new Umem({ frames: 4 });
    const { socket } = new TwinQueue({ umem, size: 8 });
    const batch = new Batch(umem, 1);
    batch.addresses[0] = 256;
    batch.lengths[0] = 60;
    socket.transmit(batch, 0, 1);
    socket.flush();
    expect(() => socket.rings.reap(8)).toThrow(owner('5 free'));
  });

  test('addresses in the upper half of 4 GiB stay positive', () => {
    const pool = fullPool(2 ** 21 - 1, 2048);
    const addresses = pool.addresses();
    expect(addresses[0]).toBe((2 ** 21 - 2) * 2048);
    pool.take();
    pool.give(0xffff_e000 + 300);
    expect(pool.addresses().at(-1)).toBe(0xffff_e000);
  });
});

describe('FrameLedger', () => {
  test('a frame that was given twice, or by somebody who has it not', () => {
    const ledger = new FrameLedger(4, 2048);
    ledger.move(2048 + 256, FrameOwner.free, FrameOwner.fill);
    expect(() => ledger.move(2048, FrameOwner.free, FrameOwner.fill)).toThrow(
      owner("frame 1 is owned by fill, so free can't give it to fill"),
    );
    ledger.move(2048 + 2047, FrameOwner.fill, FrameOwner.application);
    expect(() => ledger.move(2048, FrameOwner.fill, FrameOwner.application)).toThrow(owner('owned by application'));
    expect(() => ledger.move(0, FrameOwner.tx, FrameOwner.free)).toThrow(owner('owned by free'));
    expect(() => ledger.move(4 * 2048, FrameOwner.free, FrameOwner.fill)).toThrow(owner('outside the UMEM'));
    expect(ledger.counts()).toEqual({ free: 3, fill: 0, application: 1, held: 0, tx: 0 });
  });

  test('frames of the upper half of 4 GiB', () => {
    const ledger = new FrameLedger(2 ** 21 - 1, 2048);
    ledger.move(0xffff_e000, FrameOwner.free, FrameOwner.tx);
    expect(ledger.counts().tx).toBe(1);
    expect(() => ledger.move(0xffff_f000, FrameOwner.free, FrameOwner.tx)).not.toThrow();
  });
});

describe('a socket with a ledger', () => {
  const make = () => {
    const umem = new Umem({ frames: 8, ledger: true });
    const twin = new TwinQueue({ umem, size: 8 });
    const batch = new Batch(umem, 8);
    twin.socket.rings.refill(2);
    twin.deliver(new Uint8Array(60));
    twin.socket.receive(batch);
    return { umem, twin, batch };
  };

  test('does not transmit a frame twice', () => {
    const { umem, twin, batch } = make();
    using _ = umem;
    expect(twin.socket.transmit(batch, 0, 1)).toBe(1);
    expect(() => twin.socket.transmit(batch, 0, 1)).toThrow(owner('owned by tx'));
  });

  test('does not transmit a frame that was given back', () => {
    const { umem, twin, batch } = make();
    using _ = umem;
    umem.ledger!.move(batch.addresses[0]!, FrameOwner.application, FrameOwner.free);
    umem.pool.give(batch.addresses[0]!);
    expect(() => twin.socket.transmit(batch, 0, 1)).toThrow(owner('owned by free'));
  });

  test('does not fill a frame that the application still has', () => {
    const { umem, twin, batch } = make();
    using _ = umem;
    umem.pool.give(batch.addresses[0]!);
    expect(() => twin.socket.rings.refill(1)).toThrow(owner('owned by application'));
  });
});

describe('Umem', () => {
  test('sizes out of range', () => {
    const usage = expect.objectContaining({ code: 'XDP_ERR_USAGE' });
    for (const options of [
      { frames: 0 },
      { frames: -1 },
      { frames: 1.5 },
      { frames: Number.NaN },
      { frames: 2 ** 21 },
      { frames: 16, frameSize: 1024 },
      { frames: 16, frameSize: 8192 },
      { frames: 16, frameSize: 3001 },
      { frames: 16, frameSize: 2048.5 },
      { frames: 16, frameSize: 2046 },
      { frames: 16, frameSize: 4098 },
      { frames: 16, headroom: -1 },
      { frames: 16, headroom: 1792 },
      { frames: 16, headroom: 0.5 },
    ]) {
      expect(() => new Umem(options)).toThrow(usage);
    }
  });

  test('capacity is what the kernel and the headroom leave of a frame', () => {
    using small = new Umem({ frames: 1 });
    using large = new Umem({ frames: 1, frameSize: 4096, headroom: 100 });
    expect([small.capacity, large.capacity, Umem.capacityOf(4096)]).toEqual([1792, 3740, 3840]);
  });

  test('its memory begins at a page, and other threads can see it', () => {
    using umem = new Umem({ frames: 4 });
    expect(umem.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(umem.arena.addressOf(umem.bytes) % 4096).toBe(0);
    expect(umem.bytes.length).toBe(4 * 2048);
  });

  test('a view that outlives a closed UMEM reads zeros', () => {
    const umem = new Umem({ frames: 4 });
    const { bytes } = umem;
    bytes.fill(1);
    umem.close();
    umem.close();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});
