/** Each word that IXDP is documented with, and xdptap's two, by the subject that they begin with. */
export const SEED_WORDS = {
  if: ['if.stats', 'if.qstats', 'if.etype.show', 'if.mac.show'],
  tap: [
    'tap.hash.insert',
    'tap.hash.reset',
    'tap.hash.show',
    'tap.rx.disable',
    'tap.rx.enable',
    'tap.status',
    'tap.tx.disable',
    'tap.tx.enable',
  ],
  drop: ['drop.hash.insert', 'drop.hash.reset', 'drop.hash.show'],
  fault: [
    'fault.disable',
    'fault.enable',
    'fault.hash.dst.insert',
    'fault.hash.dst.reset',
    'fault.hash.dst.show',
    'fault.hash.src.insert',
    'fault.hash.src.reset',
    'fault.hash.src.show',
    'fault.drop.propability',
    'fault.corrupt.amount',
    'fault.corrupt.propability',
    'fault.grow.amount',
    'fault.grow.propability',
    'fault.shrink.amount',
    'fault.shrink.propability',
    'fault.status',
    'fault.bitflip.probability',
    'fault.dup.probability',
  ],
} as const;

export type Subject = keyof typeof SEED_WORDS;
