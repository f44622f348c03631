import type { z } from 'zod';
import { shown } from './field-schemas.js';
import { nearest } from './nearest.js';

export type Path = readonly PropertyKey[];

/** What is wrong, and where. */
export interface Finding {
  readonly path: Path;
  /** Follows the name of what stands at the path: "is 0 to 65535, not 70000". */
  readonly message: string;
  /** The member meant is not the value but this key of it, which should not be there. */
  readonly key?: string;
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

const EXPECTED: Record<string, string> = { object: 'a mapping', array: 'a list', string: 'a text' };

/** What zod found, in words: of alternatives only the one that was meant. */
export function findings(issues: readonly z.core.$ZodIssue[], root: unknown): Finding[] {
  return issues.flatMap((issue) => finding(issue, valueAt(root, issue.path)));
}

function finding(issue: z.core.$ZodIssue, value: unknown): Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path, key, message: `has an unknown member ${shown(key)}` }));
  }
  if (value === undefined) return [{ path, message: 'is missing' }];
  if (issue.code === 'invalid_type') {
    return [{ path, message: `is ${EXPECTED[issue.expected] ?? issue.expected}, not ${shown(value)}` }];
  }
  if (issue.code !== 'invalid_union') return [{ path, message: issue.message }];
  if ('discriminator' in issue && issue.errors.length === 0) return [{ path, message: unknownType(issue, value) }];
  const meant = issue.errors
    .map((errors) => ({ errors, strangeness: strangeness(errors, value) }))
    .sort((a, b) => a.strangeness - b.strangeness)[0];
  if (meant === undefined || meant.strangeness === Number.POSITIVE_INFINITY) return [{ path, message: issue.message }];
  return findings(meant.errors, value).map((found) => ({ ...found, path: [...path, ...found.path] }));
}

function unknownType(issue: z.core.$ZodIssue, value: unknown): string {
  const types = 'options' in issue ? (issue.options as string[]) : [];
  const guess = typeof value === 'string' ? nearest(value, types) : undefined;
  return `is no match: ${shown(value)}${guess === undefined ? '' : `. Did you mean ${shown(guess)}?`}`;
}

/** How little a value looks like an alternative: infinitely, where it is of another kind or they have no member in common. */
function strangeness(errors: readonly z.core.$ZodIssue[], value: unknown): number {
  let sum = 0;
  const members = new Set(typeof value === 'object' && value !== null ? Object.keys(value) : []);
  for (const issue of errors) {
    const { code, path } = issue;
    const isMissing = valueAt(value, path) === undefined;
    const isOtherKind = path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
    if (isOtherKind || (isMissing && 'discriminator' in issue)) return Number.POSITIVE_INFINITY;
    if (isMissing || code === 'unrecognized_keys') sum++;
    if (path.length === 0 && code === 'unrecognized_keys') for (const key of issue.keys) members.delete(key);
  }
  return members.size === 0 ? Number.POSITIVE_INFINITY : sum;
}
