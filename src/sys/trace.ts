/** A descriptor or mapping that is open, and where in the code it was made. */
export interface TracedResource {
  readonly kind: 'descriptor' | 'mapping';
  /** Descriptor number, or address and length of the mapping. */
  readonly what: string;
  readonly stack: string;
}

const open = new Map<object, TracedResource>();
let tracing = false;

/**
 * Records from now on every descriptor and mapping of this thread with the stack that made it. For tests: costs a stack
 * trace each.
 */
export function traceResources(on: boolean): void {
  tracing = on;
  open.clear();
}

/** What was opened since tracing began and is not closed yet. */
export function openResources(): TracedResource[] {
  return [...open.values()];
}

/** For {@link OwnedFd} and {@link Mapping} only. */
export function opened(owner: object, kind: TracedResource['kind'], what: string): void {
  if (tracing) open.set(owner, { kind, what, stack: new Error(`${kind} ${what}`).stack ?? '' });
}

/** For {@link OwnedFd} and {@link Mapping} only. */
export function closed(owner: object): void {
  if (open.size > 0) open.delete(owner);
}
