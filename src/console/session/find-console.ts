import { XdpError } from '../../sys/index.js';
import { probeSocket } from './probe-socket.js';
import { type ConsolePlace, listSockets } from './socket-places.js';

/** Processes that a console can steer, in the order of their numbers. Sockets of dead ones are removed. */
export async function listConsoles(): Promise<ConsolePlace[]> {
  const places = listSockets();
  const living = await Promise.all(places.map(probeSocket));
  return places.filter((_, i) => living[i]).sort((a, b) => a.pid - b.pid);
}

/**
 * The one process that is meant.
 *
 * @param target its name or number; without it the only one that runs
 * @throws XDP_ERR_NO_CONSOLE when there is none, or more than one
 */
export async function findConsole(target?: string): Promise<ConsolePlace> {
  const running = await listConsoles();
  const found = running.filter(({ name, pid }) => target === undefined || target === name || target === String(pid));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const list = running.map(({ name, pid }) => `${name} (${pid})`).join(', ');
  const which = target === undefined ? '' : ` called ${JSON.stringify(target)}`;
  const message = `${found.length === 0 ? 'no' : 'more than one'} process${which} runs that a console can steer`;
  const advice = found.length > 1 ? `--target PID chooses one: ${list}` : list ? `these run: ${list}` : undefined;
  throw new XdpError('XDP_ERR_NO_CONSOLE', message, { advice });
}
