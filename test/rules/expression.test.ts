// needs: tcpdump, scapy
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesExpression, parseExpression } from '../../dist/rules/expression/index.js';
import { pcapOf, withFile } from '../wire/tshark.js';
import { arbitraryExpression } from './arbitrary-expression.js';
import { captureFrames } from './expression-capture.js';
import { CORPUS, REFUSED } from './expression-corpus.js';
import { tcpdumpVerdicts } from './tcpdump.js';

const { whole, cut } = captureFrames();
const frames = [...whole, ...cut];
const capture = pcapOf(frames);
const RANDOM = process.env['XDPKIT_LONG'] ? 5000 : 50;

/** A division that the optimizer only, or only we, see to be by zero. */
const ZERO_DIVISION = /(division|modulus) by zero/;

/**
 * Where our verdict and libpcap's differ first. Its optimizer changes the order of tests and leaves out loads: of a frame
 * that ends too early, the program before and after may judge differently. There our verdict may be that of libpcap without its
 * optimizer; but not for the first `strict` frames.
 */
function disagreement(path: string, text: string, strict: number): string | undefined {
  const theirs = tcpdumpVerdicts(path, frames.length, text);
  if (typeof theirs === 'string') return ZERO_DIVISION.test(theirs) ? undefined : `${text}: ${theirs}`;
  const expression = parseExpression(text);
  const ours = frames.map((frame) => matchesExpression(expression, frame));
  let wrong = ours.findIndex((verdict, i) => verdict !== theirs[i]);
  if (wrong >= strict) {
    const inOrder = tcpdumpVerdicts(path, frames.length, text, ['-O']);
    wrong = ours.findIndex((verdict, i) => verdict !== theirs[i] && verdict !== inOrder[i]);
  }
  return wrong < 0 ? undefined : `${text}: ${Buffer.from(frames[wrong]!).toString('hex')} matches: ${theirs[wrong]}`;
}

test.for(Object.entries(CORPUS))('%s: the verdict of tcpdump', ([, expressions]) => {
  withFile(capture, (path) => {
    const wrong = expressions.map((text) => disagreement(path, text, whole.length));
    expect(wrong.filter((each) => each !== undefined)).toEqual([]);
  });
});

test('the corpus has 300 expressions and more, no two alike', () => {
  const all = Object.values(CORPUS).flat();
  expect(all.length).toBeGreaterThanOrEqual(300);
  expect(new Set(all).size).toBe(all.length);
});

test(
  'random expressions: the verdict of tcpdump',
  () => {
    withFile(capture, (path) => {
      const property = fc.property(arbitraryExpression, (text) => {
        try {
          expect(disagreement(path, text, 0)).toBeUndefined();
        } catch (error) {
          if (!ZERO_DIVISION.test(String(error))) throw error;
        }
      });
      fc.assert(property, { numRuns: RANDOM });
    });
  },
  30_000 + RANDOM * 200,
);

test('refuses what tcpdump refuses, and says where and why', () => {
  withFile(pcapOf([]), (path) => {
    for (const [text, problem] of REFUSED) {
      expect(typeof tcpdumpVerdicts(path, 0, text), text).toBe('string');
      expect(() => parseExpression(text), text).toThrow(problem);
    }
  });
});
