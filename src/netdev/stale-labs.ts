import { existsSync } from 'node:fs';
import { deleteNamespace, listNamespaces } from './namespaces.js';

/** What the names of all namespaces of labs begin with; the number of the process that made them follows. */
export const LAB_PREFIX = 'xdpkit-';

/**
 * Namespaces of labs whose process has ended without closing them. Processes are looked up in /proc as it is seen from
 * here: where several containers share /run/netns, a lab of another one looks stale too.
 */
export function listStaleLabs(): string[] {
  return listNamespaces().filter((name) => {
    const pid = name.startsWith(LAB_PREFIX) && /^\d+(?=-)/.exec(name.slice(LAB_PREFIX.length))?.[0];
    return pid && !existsSync(`/proc/${pid}`);
  });
}

/** Deletes them. Needs CAP_SYS_ADMIN. @returns their names */
export function removeStaleLabs(): string[] {
  const stale = listStaleLabs();
  for (const name of stale) deleteNamespace(name);
  return stale;
}
