import type { z } from 'zod';

/** Schemas of all members of T, and of no other: `satisfies Shape<T>` holds a schema and its hand-written type together. */
export type Shape<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };
