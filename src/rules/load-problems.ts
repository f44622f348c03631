import type { CompiledRules } from './compiler/index.js';

/** BPF_COMPLEXITY_LIMIT_INSNS: what the verifier walks, and so the longest program. */
const MOST_INSTRUCTIONS = 1_000_000;
/** MAX_USED_MAPS */
const MOST_MAPS = 64;
/** Bytes of one map that the kernel could still be asked for: 4 GiB. */
const MOST_BYTES = 2 ** 32;

/** Why no kernel would load the program of a rule set: as sentences, none for one that looks well. */
export function loadProblems({ program, maps }: CompiledRules): string[] {
  const problems: string[] = [];
  const { length } = program.instructions;
  if (length > MOST_INSTRUCTIONS)
    problems.push(`the program has ${length} instructions; ${MOST_INSTRUCTIONS} are the most`);
  if (maps.length > MOST_MAPS) problems.push(`the program has ${maps.length} maps; ${MOST_MAPS} are the most`);
  for (const { name, keySize, valueSize, maxEntries } of maps) {
    const bytes = (keySize + valueSize) * maxEntries;
    if (bytes >= MOST_BYTES) problems.push(`the map ${name} would have ${bytes} bytes; ${MOST_BYTES} are too many`);
  }
  return problems;
}
