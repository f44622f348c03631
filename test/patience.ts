/**
 * How many times longer than usual everything may take: `XDPKIT_PATIENCE`, 1 if it is not set. A machine that is emulated in
 * software is slow, not wrong (test/vm sets it).
 */
const FACTOR = Number(process.env['XDPKIT_PATIENCE'] ?? 1);

/** A limit of time that is there so that nothing hangs, in whatever unit. */
export function patient(usual: number): number {
  return usual * FACTOR;
}
