import type { BpfFunction } from './functions.js';
import { objectError } from './object-error.js';

/** A program as an object file defines it. */
export interface ProgramDefinition {
  readonly name: string;
  /** The section it stands in, such as `xdp` or `xdp.frags`. */
  readonly section: string;
  /** Where it can be attached: on an interface, or in entries of a device or CPU map. */
  readonly attachTo: 'interface' | 'devmap' | 'cpumap';
  /** It copes with packets of several fragments (`xdp.frags`). */
  readonly fragments: boolean;
  /** Not loaded unless it is named: its section begins with `?`. */
  readonly optional: boolean;
}

/** As libbpf has them; before its version 1.0 anything could follow `xdp`. */
const SECTION = /^(\?)?xdp(\.frags)?(?:$|[/_])(devmap|cpumap)?/;

/**
 * The XDP programs among the functions of a file. What stands in `.text` is called by them.
 *
 * @returns programs by name, and the names of programs of other types, with their sections
 * @throws XDP_ERR_OBJECT when there is none
 */
export function readPrograms(functions: readonly BpfFunction[]): {
  programs: Map<string, { readonly definition: ProgramDefinition; readonly main: BpfFunction }>;
  others: string[];
} {
  const programs = new Map<string, { readonly definition: ProgramDefinition; readonly main: BpfFunction }>();
  const others: string[] = [];
  for (const main of functions) {
    const { name, section } = main;
    if (section.name === '.text') continue;
    const parts = SECTION.exec(section.name);
    if (parts === null) {
      others.push(`${name} (section ${section.name})`);
      continue;
    }
    const [, optional, fragments, place] = parts;
    const definition: ProgramDefinition = {
      name,
      section: section.name,
      attachTo: (place as 'devmap' | 'cpumap' | undefined) ?? 'interface',
      fragments: fragments !== undefined,
      optional: optional !== undefined,
    };
    programs.set(name, { definition, main });
  }
  if (programs.size > 0) return { programs, others };
  const found = others.length > 0 ? `, but ${others.join(', ')}` : '';
  throw objectError(`the file has no XDP program${found}`, 'put it into SEC("xdp")');
}
