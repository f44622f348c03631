/**
 * A backend that counts, in shared words if its data have any: packets at 0. A number at 1 has its thread die, with packets in its
 * hands.
 */
export default function serve(backend, { words }) {
  const shared = new Int32Array(words);
  backend.onBatch((batch) => {
    if (Atomics.exchange(shared, 1, 0) !== 0) throw new Error('told to die');
    Atomics.add(shared, 0, batch.count);
  });
}
