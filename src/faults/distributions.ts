/** How a delay may be spread around its mean: as tc-netem names them, the value of the setting being the place here. */
export const DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'paretonormal'] as const;

/** Entries of a table: 12 bits choose one. */
export const TABLE_BITS = 12;
const ENTRIES = 1 << TABLE_BITS;
/** How far a value may lie from the mean, in deviations: what fits into tc-netem's tables (16 bits in units of 1/8192). */
const MOST = 4;
/** Shape of the Pareto distribution, as in iproute2's netem/pareto.c. */
const SHAPE = 3;

/**
 * Distributions as tables of equally likely values, in ascending order. Their mean is 0. Uniform reaches from -1 to 1; the others have a
 * deviation of 1.
 */
export function distributionTable(distribution: number): Float64Array {
  const known = TABLES[distribution];
  if (known !== undefined) return known;
  const table = makeTable(distribution);
  TABLES[distribution] = table;
  return table;
}

const TABLES: (Float64Array | undefined)[] = DISTRIBUTIONS.map(() => undefined);

function makeTable(distribution: number): Float64Array {
  switch (DISTRIBUTIONS[distribution]) {
    case 'normal':
      return standard(normalQuantiles());
    case 'pareto':
      return standard(paretoQuantiles());
    case 'paretonormal': {
      // A quarter of the one and three of the other, quantile by quantile: iproute2's netem/paretonormal.c.
      const pareto = distributionTable(DISTRIBUTIONS.indexOf('pareto'));
      return standard(
        distributionTable(DISTRIBUTIONS.indexOf('normal')).map((value, i) => (value + 3 * pareto[i]!) / 4),
      );
    }
    default:
      return Float64Array.from({ length: ENTRIES }, (_, i) => 2 * share(i) - 1);
  }
}

/** The middle of an entry's part of all values. */
function share(entry: number): number {
  return (entry + 0.5) / ENTRIES;
}

/** Each value that parts off the share of an entry, found by adding up the density. */
function normalQuantiles(): Float64Array {
  const table = new Float64Array(ENTRIES);
  const step = 1 / 4096;
  let below = 0;
  let x = -2 * MOST;
  for (let i = 0; i < ENTRIES; i++) {
    for (; below < share(i); x += step) below += step * density(x + step / 2);
    table[i] = x;
  }
  return table;
}

function density(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

function paretoQuantiles(): Float64Array {
  const mean = SHAPE / (SHAPE - 1);
  const deviation = Math.sqrt(SHAPE / (SHAPE - 2)) / (SHAPE - 1);
  return Float64Array.from({ length: ENTRIES }, (_, i) => {
    return Math.min(MOST, ((1 - share(i)) ** (-1 / SHAPE) - mean) / deviation);
  });
}

/** The same values moved and stretched, so that their mean is 0 and their deviation 1. */
function standard(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / ENTRIES;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / ENTRIES;
  return values.map((value) => (value - mean) / Math.sqrt(variance));
}
