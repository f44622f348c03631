import type { Match } from './match.js';

/** Entries of a list that are shown. */
const SHOWN = 3;

/** A match in a few words, for people: `udp-dst 42`, `src-prefix 10.0.0.0/8 and not vlan`. */
export function matchText(match: Match): string {
  if ('type' in match) {
    const { type, ...members } = match;
    return [type, ...Object.entries(members).map(([name, value]) => memberText(name, value))].join(' ');
  }
  if ('expression' in match) return JSON.stringify(match.expression);
  if ('not' in match) return `not ${inner(match.not)}`;
  if ('all' in match) return match.all.map(inner).join(' and ');
  return match.any.map(inner).join(' or ');
}

function inner(match: Match): string {
  const isList = ('all' in match && match.all.length > 1) || ('any' in match && match.any.length > 1);
  return isList ? `(${matchText(match)})` : matchText(match);
}

/** Members that the type already speaks of. */
const UNNAMED = new Set([
  'port',
  'ports',
  'address',
  'prefix',
  'mac',
  'value',
  'protocol',
  'side',
  'id',
  'part',
  'tag',
]);

function memberText(name: string, value: unknown): string {
  const list = Array.isArray(value) ? value : [value];
  const rest = list.length - SHOWN;
  const text = list.slice(0, SHOWN).join(',') + (rest > 0 ? ` and ${rest} more` : '');
  return UNNAMED.has(name) ? text : `${name} ${text}`;
}
