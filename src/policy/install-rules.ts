import { lockPins, type XdpMode } from '../kernel/index.js';
import { getLink, listLinks } from '../netdev/index.js';
import { expressionConditions, type RuleSet, validateRules } from '../rules/index.js';
import { OwnedFd } from '../sys/index.js';
import { type ChangeOptions, InstalledRules, needCapabilities, type RulesPlace } from './installed-rules.js';
import { JudgingRules } from './judging-rules.js';
import { clearStalePins } from './rule-pins.js';
import { runTask } from './task-outcome.js';
import type { Installed } from './tasks.js';

export interface InstallOptions extends RulesPlace, ChangeOptions {
  /** Where the rules run. `auto` (default): native where the driver can, otherwise generic. */
  readonly mode?: XdpMode | 'auto' | undefined;
  /** Take an interface although it carries the default route or this session. Default false. */
  readonly force?: boolean | undefined;
}

/**
 * Installs rules on an interface: they outlive the process. Needs CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN; Linux 5.15.
 *
 * @throws RulesError (XDP_ERR_RULES); XDP_ERR_INSTALLED when there are rules already, XDP_ERR_FOREIGN_PROGRAM,
 *   XDP_ERR_PROTECTED, XDP_ERR_NO_INTERFACE (also for one that rules redirect to), XDP_ERR_NO_NAMESPACE, XDP_ERR_NO_PROGRAM,
 *   XDP_ERR_VERIFIER, XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_MTU, XDP_ERR_PERMISSION
 */
export async function installRules(
  interfaceName: string,
  ruleSet: RuleSet,
  options: InstallOptions = {},
): Promise<InstalledRules> {
  const { netns, mode, force, confirmWithin, signal } = options;
  const rules = validateRules(ruleSet, { expression: expressionConditions });
  needCapabilities();
  // Before a thread is started there: what is named wrongly is told at once.
  getLink(interfaceName, { netns });
  using _ = await lockPins({ signal });
  const task = { interface: interfaceName, rules, confirmWithin, mode, force };
  const { held, ...change } = await runTask<Installed>('install', [task], netns);
  const owned = held.map((fd) => new OwnedFd(fd, `rules of ${interfaceName} on trial`));
  try {
    return new InstalledRules(getLink(interfaceName, { netns }), { netns }, change, owned);
  } catch (error) {
    for (const fd of owned) fd.close();
    throw error;
  }
}

/** The interfaces that have rules, in one namespace. */
export function listInstalledRules(place: RulesPlace = {}): InstalledRules[] {
  needCapabilities();
  return listLinks(place).flatMap((link) => {
    using found = JudgingRules.on(link);
    return found === undefined ? [] : [new InstalledRules(link, place)];
  });
}

/**
 * Clears what stayed behind of rules whose interface or namespace is gone. @returns sentences about it
 *
 * @throws XDP_ERR_PERMISSION
 */
export async function clearStaleRules(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<string[]> {
  needCapabilities();
  using _ = await lockPins(options);
  return clearStalePins();
}
