/**
 * A backend that counts, in the shared words of its data: packets at 0. A number at 1 has it stop for so many milliseconds, and 1 at
 * word 2 has its thread die, with packets in its hands.
 */
export default function serve(backend, { words }) {
  const shared = new Int32Array(words);
  backend.onBatch((batch) => {
    const stop = Atomics.exchange(shared, 1, 0);
    if (stop > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stop);
    if (Atomics.exchange(shared, 2, 0) !== 0) throw new Error('told to die');
    Atomics.add(shared, 0, batch.count);
  });
}
