import type { SteeredBackendOptions, SteeredInterface } from '../backend/steered-interface.js';
import type { SteeringConfig } from './steering-config.js';

/**
 * Brings a running steering from what one configuration says to what another one says, without touching the rest: backends that
 * were added by command stay. A backend that another module serves now, or none, is taken away and added anew.
 *
 * @returns what was done, and what was not, as sentences
 */
export async function applyConfig(
  steered: SteeredInterface,
  before: SteeringConfig,
  after: SteeringConfig,
): Promise<readonly string[]> {
  const done: string[] = [];
  const attempt = async (what: string, run: () => unknown) => {
    try {
      await run();
      done.push(what);
    } catch (error) {
      done.push(`not ${what}: ${(error as Error).message}`);
    }
  };
  if (before.fixed !== after.fixed) done.push('all but the backends stays as it is until the next start');
  const running = new Set(steered.steering.backends().map(({ id }) => id));
  const wanted = new Map(after.backends.map((backend) => [backend.id, backend]));
  for (const old of before.backends) {
    const next = wanted.get(old.id);
    if (!running.has(old.id) || (next !== undefined && isServedAlike(old, next))) continue;
    await attempt(`removed backend ${old.id}`, () => steered.remove(old.id));
    running.delete(old.id);
  }
  const known = new Map(before.backends.map((backend) => [backend.id, backend]));
  for (const next of after.backends) {
    const { id, weight = 1, draining = false } = next;
    const old = known.get(id);
    if (!running.has(id)) {
      // One that died, or was removed by command, comes back only when the file says something new of it.
      if (old !== undefined && sameText(old, next)) continue;
      await attempt(`added backend ${id}`, () => steered.add(next));
      if (draining) await attempt(`drained backend ${id}`, () => steered.drain(id));
      continue;
    }
    if (old !== undefined && weight !== (old.weight ?? 1)) {
      await attempt(`weighed backend ${id}: ${weight}`, () => steered.weigh(id, weight));
    }
    if (old === undefined || draining === (old.draining ?? false)) continue;
    if (draining) await attempt(`drained backend ${id}`, () => steered.drain(id));
    else await attempt(`activated backend ${id}`, () => steered.activate(id));
  }
  return done;
}

function isServedAlike(a: SteeredBackendOptions, b: SteeredBackendOptions): boolean {
  const served = ({ act, module, data, cpu }: SteeredBackendOptions) => ({ act: act ?? 'socket', module, data, cpu });
  return sameText(served(a), served(b));
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
