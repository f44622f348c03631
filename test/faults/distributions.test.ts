import { describe, expect, test } from 'vitest';
import { DISTRIBUTIONS } from '../../dist/faults/index.js';
import { Jitter } from '../../dist/faults/jitter.js';

const COUNT = 400_000;
const MEAN = 20;
const SPREAD = 2;

function draw(distribution: string, correlation = 0, seed = 1): Float64Array {
  const jitter = new Jitter();
  jitter.seed(seed, 0, 8, 0);
  jitter.set(MEAN, SPREAD, correlation, DISTRIBUTIONS.indexOf(distribution as 'uniform'));
  const delays = new Float64Array(COUNT);
  jitter.fill(delays, COUNT);
  return delays;
}

function moments(values: Float64Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const moment = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  const deviation = Math.sqrt(moment(2));
  return { mean, deviation, skewness: moment(3) / deviation ** 3 };
}

/** Between a value and the next one. */
function correlationOf(values: Float64Array): number {
  const { mean, deviation } = moments(values);
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += (values[i]! - mean) * (values[i - 1]! - mean);
  return sum / (values.length - 1) / deviation ** 2;
}

/** The share of values up to one. */
const share = (values: Float64Array, upTo: number) => values.filter((value) => value <= upTo).length / values.length;

describe.each(DISTRIBUTIONS)('%s', (distribution) => {
  // The deviation of a uniform distribution whose half width is given.
  const spread = distribution === 'uniform' ? SPREAD / Math.sqrt(3) : SPREAD;

  test('has the mean and the deviation that were set, however correlated', () => {
    for (const correlation of [0, 50_000, 90_000]) {
      const { mean, deviation } = moments(draw(distribution, correlation));
      // Of correlated values as many tell less.
      const sigma = (spread / Math.sqrt(COUNT)) * Math.sqrt((100_000 + correlation) / (100_000 - correlation));
      expect(Math.abs(mean - MEAN), `mean ${mean}`).toBeLessThan(5 * sigma);
      expect(Math.abs(deviation / spread - 1), `deviation ${deviation}`).toBeLessThan(correlation > 0 ? 0.03 : 0.01);
    }
  });

  test('one delay tells of the next as much as it should', () => {
    expect(Math.abs(correlationOf(draw(distribution)))).toBeLessThan(4 / Math.sqrt(COUNT));
    for (const correlation of [30_000, 80_000]) {
      const found = correlationOf(draw(distribution, correlation));
      // Exact for the normal one. A nonlinear function of correlated normal values is a little less correlated.
      expect(found).toBeGreaterThan((correlation / 100_000) * 0.7);
      expect(found).toBeLessThan(correlation / 100_000 + 0.01);
    }
    expect(correlationOf(draw('normal', 60_000))).toBeCloseTo(0.6, 2);
  });
});

test('each has its shape', () => {
  const uniform = draw('uniform');
  expect(Math.min(...uniform.slice(0, 100_000))).toBeGreaterThanOrEqual(MEAN - SPREAD);
  expect(Math.max(...uniform.slice(0, 100_000))).toBeLessThanOrEqual(MEAN + SPREAD);
  for (const part of [0.1, 0.5, 0.9]) expect(share(uniform, MEAN + SPREAD * (2 * part - 1))).toBeCloseTo(part, 2);
  const normal = draw('normal');
  expect(share(normal, MEAN - SPREAD)).toBeCloseTo(0.1587, 2);
  expect(share(normal, MEAN + SPREAD)).toBeCloseTo(0.8413, 2);
  expect(share(normal, MEAN + 2 * SPREAD)).toBeCloseTo(0.9772, 2);
  expect(Math.abs(moments(normal).skewness)).toBeLessThan(0.05);
  // Most are below the mean, and a few far above it.
  for (const name of ['pareto', 'paretonormal']) {
    const values = draw(name);
    expect(share(values, MEAN)).toBeGreaterThan(0.6);
    expect(moments(values).skewness).toBeGreaterThan(1);
  }
  expect(moments(draw('pareto')).skewness).toBeGreaterThan(moments(draw('paretonormal')).skewness);
});
