import {
  type Action,
  actionText,
  type Match,
  matchText,
  type Rule,
  type RuleProblem,
  type RuleSet,
  RulesError,
  type WindowsMatch,
} from '../model/index.js';
import { MATCH_TYPES, PORT_SET_BYTES, RULE_BYTES, RuleField, SOCKET_OF_QUEUE, WindowsAction } from './layout.js';
import { writePattern } from './pattern.js';
import { withTrailer } from './trailer.js';

/** A handle that has to be filled in where the rules are used: it is 0. */
export interface WindowsHandle {
  /** Index of the rule in the rule set. */
  readonly rule: number;
  /** Where its 8 bytes are. */
  readonly offset: number;
  /** An XSKMAP with the sockets of the queues, or an eBPF program. */
  readonly kind: 'socket-map' | 'program';
  /** Of the socket or program; undefined for those of `redirect` without a name. */
  readonly name: string | undefined;
}

/** A rule set as XDP for Windows takes it. docs/rules.md tells the format. */
export interface WindowsRules {
  /** The file: the array of XDP_RULE, sets of ports, relocations, and where they are. */
  readonly bytes: Uint8Array;
  /** For each XDP_RULE the index of the rule that it came from: `any` becomes several. */
  readonly rules: readonly number[];
  /** Offsets of pointers, to each of which the address of the file's first byte has to be added. */
  readonly relocations: readonly number[];
  readonly handles: readonly WindowsHandle[];
}

interface Entry {
  readonly rule: number;
  readonly match: WindowsMatch;
  readonly action: Action;
}

/**
 * Writes a rule set as the XDP_RULE array of XDP for Windows, in its x64 layout.
 *
 * @param ruleSet a validated one
 * @throws RulesError (XDP_ERR_RULES) that names each rule without equivalent there
 */
export function windowsRules(ruleSet: RuleSet): WindowsRules {
  const problems: RuleProblem[] = [];
  const entries: Entry[] = [];
  for (const [rule, { name, match, action }] of ruleSet.rules.entries()) {
    const label = { rule: rule + 1, ...(name === undefined ? {} : { name }) };
    const problem = (member: string, message: string) =>
      problems.push({ ...label, path: `rules.${rule}.${member}`, message });
    const alternatives = alternativesOf(match, (part) =>
      problem('match', `${shown(part)} has no equivalent on Windows`),
    );
    const why = withoutEquivalent(action, ruleSet.rules);
    if (why !== undefined) problem('action', why);
    entries.push(...alternatives.map((one) => ({ rule, match: one, action })));
  }
  if (problems.length > 0) throw new RulesError(problems);
  return write(entries);
}

const NAMES: ReadonlySet<string> = new Set(MATCH_TYPES);

/** The matches of which one has to be true: a rule for each. */
function alternativesOf(match: Match, refuse: (part: Match) => void): WindowsMatch[] {
  if ('any' in match) return match.any.flatMap((one) => alternativesOf(one, refuse));
  if ('all' in match && match.all.length === 1) return alternativesOf(match.all[0]!, refuse);
  if ('type' in match && NAMES.has(match.type)) return [match as WindowsMatch];
  refuse(match);
  return [];
}

function shown(match: Match): string {
  const text = matchText(match);
  return `${'all' in match || 'not' in match || 'expression' in match ? 'the match' : ''} ${text}`.trim();
}

function withoutEquivalent(action: Action, rules: readonly Rule[]): string | undefined {
  if (typeof action === 'string') return action === 'count' ? 'count has no equivalent on Windows' : undefined;
  if ('redirect' in action && 'socket' in action.redirect) return undefined;
  if (!('program' in action)) return `the action ${actionText(action)} has no equivalent on Windows`;
  const [{ match }] = rules as [Rule];
  const isSole = rules.length === 1 && 'type' in match && match.type === 'all';
  return isSole ? undefined : 'a program has to be the only rule on Windows, and match all packets';
}

function write(entries: readonly Entry[]): WindowsRules {
  const rules = new Uint8Array(entries.length * RULE_BYTES);
  const view = new DataView(rules.buffer);
  const sets: Uint8Array[] = [];
  const relocations: number[] = [];
  const handles: WindowsHandle[] = [];
  for (const [i, { rule, match, action }] of entries.entries()) {
    const at = i * RULE_BYTES;
    view.setUint32(at + RuleField.match, (MATCH_TYPES as readonly string[]).indexOf(match.type), true);
    const pattern = at + RuleField.pattern;
    const pointer = writePattern(new DataView(rules.buffer, pattern), match, (bits) => {
      sets.push(bits);
      return rules.length + (sets.length - 1) * PORT_SET_BYTES;
    });
    if (pointer !== undefined) relocations.push(pattern + pointer);
    const handle = writeAction(view, at, action);
    if (handle !== undefined) handles.push({ rule, ...handle });
  }
  return {
    bytes: withTrailer([rules, ...sets], entries.length, relocations),
    rules: entries.map(({ rule }) => rule),
    relocations,
    handles,
  };
}

function writeAction(view: DataView, at: number, action: Action): Omit<WindowsHandle, 'rule'> | undefined {
  const set = (value: number) => view.setUint32(at + RuleField.action, value, true);
  if (action === 'drop' || action === 'pass' || action === 'l2-forward') {
    set(WindowsAction[action]);
    return undefined;
  }
  if (typeof action === 'object' && 'program' in action) {
    set(WindowsAction.ebpf);
    return { offset: at + RuleField.program, kind: 'program', name: action.program };
  }
  set(WindowsAction.redirect);
  view.setUint32(at + RuleField.targetType, SOCKET_OF_QUEUE, true);
  const named = typeof action === 'object' && 'redirect' in action && 'socket' in action.redirect;
  return {
    offset: at + RuleField.target,
    kind: 'socket-map',
    name: named ? (action.redirect as { socket: string }).socket : undefined,
  };
}
