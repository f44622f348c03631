/** What blocks for longer than an event loop may: it runs on a thread of its own, in the namespace of the interface. */
import { type AttachOptions, attachProgram, refuseTaken } from '../device/index.js';
import type { BpfLink, XdpLink, XdpMode } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import type { RuleSet } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { linkOf } from './link-of.js';
import { redirectNotices } from './redirect-notices.js';
import { clearStalePins, RulePins } from './rule-pins.js';
import { RuleProgram } from './rule-program.js';
import { swapRules } from './swap-rules.js';
import { type Outcome, outcomeOf } from './task-outcome.js';

export interface InstallTask extends Pick<AttachOptions, 'mode' | 'force'> {
  readonly interface: string;
  readonly rules: RuleSet;
  /** Pins nothing: the rules end with the descriptors. */
  readonly trial: boolean;
}

export interface Installed {
  readonly mode: XdpMode;
  readonly notices: readonly string[];
  /** Open descriptors that hold the rules: the link's first, then those of the maps. Empty if they are pinned. */
  readonly held: readonly number[];
}

export interface ReplaceTask {
  readonly interface: string;
  readonly rules: RuleSet;
  /** Keeps the rules that are replaced, to come back. */
  readonly trial: boolean;
}

export interface Replaced {
  readonly programId: number;
  readonly notices: readonly string[];
}

export const install = (task: InstallTask): Outcome<Installed> => outcomeOf(() => installRules(task));
export const replace = (task: ReplaceTask): Outcome<Replaced> => outcomeOf(() => replaceRules(task));
export const rollBack = (interfaceName: string, trialId: number): Outcome<boolean> =>
  outcomeOf(() => rollBackRules(interfaceName, trialId));

function installRules({ interface: name, rules, trial, mode, force }: InstallTask): Installed {
  const notices = clearStalePins();
  const link = getLink(name);
  refuseInstalled(link);
  refuseTaken(link, { force });
  const built = RuleProgram.build(rules, link);
  let attached: XdpLink | undefined;
  try {
    attached = attachProgram(built.program, link, { mode, force }, notices);
    notices.push(...redirectNotices(rules, attached.mode));
    if (!trial) new RulePins(link.name).install(attached, built);
  } catch (error) {
    // Detaches, unless it was pinned: then all is well.
    attached?.close();
    built.close();
    throw error;
  }
  const { mode: at } = attached;
  if (trial) return { mode: at, notices, held: [attached.fd, ...[...built.maps.values()].map(({ fd }) => fd)] };
  attached.close();
  built.close();
  return { mode: at, notices, held: [] };
}

function refuseInstalled(link: Link): void {
  using there = RuleProgram.on(link);
  if (there === undefined) return;
  throw new XdpError('XDP_ERR_INSTALLED', `rules are installed on ${link.name} already (program ${there.id})`, {
    advice: `xdpkit rules replace ${link.name} FILE puts others in their place`,
  });
}

function replaceRules({ interface: name, rules, trial }: ReplaceTask): Replaced {
  const link = getLink(name);
  using before = rulesOn(link);
  using attached = linkOf(link, before);
  const pins = new RulePins(link.name);
  if (!pins.linkIsPinned || pins.previousId !== undefined) {
    throw new XdpError('XDP_ERR_INSTALLED', `the rules on ${link.name} wait to be confirmed`, {
      advice: `xdpkit rules confirm ${link.name}`,
    });
  }
  using after = RuleProgram.build(rules, link, before);
  pins.prepare(after);
  swapOrAbandon(pins, attached, before, after);
  pins.commit(after, trial);
  const mode = link.xdp[0]?.mode === 'generic' ? 'generic' : 'native';
  return { programId: after.id, notices: redirectNotices(rules, mode) };
}

function swapOrAbandon(pins: RulePins, link: BpfLink, before: RuleProgram, after: RuleProgram): void {
  try {
    swapRules(link, before, after);
  } catch (error) {
    pins.abandon();
    throw error;
  }
}

/** @returns false when there is nothing to roll back any more: it was confirmed, or taken off */
function rollBackRules(name: string, trialId: number): boolean {
  const link = getLink(name);
  using trial = RuleProgram.on(link);
  const pins = new RulePins(link.name);
  const { previousId } = pins;
  if (trial?.id !== trialId || previousId === undefined) return false;
  using previous = RuleProgram.openId(previousId);
  if (previous === undefined) return false;
  using attached = linkOf(link, trial);
  swapRules(attached, trial, previous);
  pins.restore(previous);
  return true;
}

function rulesOn(link: Link): RuleProgram {
  const found = RuleProgram.on(link);
  if (found !== undefined) return found;
  throw notInstalled(link.name);
}

export function notInstalled(name: string): XdpError {
  return new XdpError('XDP_ERR_NOT_INSTALLED', `no rules are installed on ${name}`, {
    advice: `xdpkit rules load ${name} FILE installs them`,
  });
}
