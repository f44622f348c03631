import type { Match, PacketMatch } from '../model/index.js';
import { and, not, or, testOf } from './formula.js';
import type { Formula } from './formula-node.js';
import { lowerPacketMatch } from './lower-packet-match.js';
import { lowerWindowsMatch } from './lower-windows-match.js';
import type { ClassSet } from './packet-classes.js';

/** What of a match is open for packets of these classes. */
export function lowerMatch(match: Match, classes: ClassSet): Formula {
  if ('all' in match) return and(match.all.map((part) => lowerMatch(part, classes)));
  if ('any' in match) return or(match.any.map((part) => lowerMatch(part, classes)));
  if ('not' in match) return not(lowerMatch(match.not, classes));
  if ('expression' in match) return testOf({ kind: 'expression', expression: match.expression });
  return lowerWindowsMatch(match, classes) ?? lowerPacketMatch(match as PacketMatch, classes);
}
