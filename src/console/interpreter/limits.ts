/**
 * What a line and a session may use at most, so that no input does harm: neither memory nor time of the process that is
 * steered grows with what somebody types.
 */
export const LIMITS = {
  /** Characters of a line. */
  line: 4096,
  /** Bytes of an item. */
  item: 4096,
  /** Items on the stack, in all frames together. */
  stack: 1000,
  /** Frames open at once. */
  frames: 64,
  /** Compound words and files that run inside one another. */
  nesting: 64,
  /** Words and literals that a line may run, with all that its compound words and files hold. */
  steps: 1_000_000,
  /** Things that a line may begin which take their time. */
  work: 16,
  /** Characters that a line may print. */
  output: 4_194_304,
  /** Characters of a name. */
  name: 32,
  variables: 1000,
  compounds: 1000,
  /** Bytes of a file of words. */
  file: 1_048_576,
} as const;
