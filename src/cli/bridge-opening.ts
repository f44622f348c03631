import { join, resolve } from 'node:path';
import { ConsoleServer, ownFolder } from '../console/index.js';
import { Announcement, bridgeControl, PidFile, type Run } from '../daemon/index.js';
import { Bridge, type BridgeOptions } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { TAP_NAME } from '../tap/index.js';
import { callbackModule } from './callback-module.js';
import type { DataPathFlags } from './data-path-options.js';
import type { RunLog } from './run-log.js';

/** What `--json` begins with. */
export function describe(bridge: Bridge): object {
  return {
    workers: bridge.workers,
    frameSize: bridge.frames.frameSize,
    interfaces: bridge.devices.map(({ link, mode, notices }) => ({
      interface: link.name,
      mac: link.mac,
      mtu: link.mtu,
      driver: link.driver,
      queues: link.queues,
      mode,
      notices,
    })),
  };
}

/**
 * @param flags with the callback's path
 * @returns undefined when the signal came first
 */
export async function openBridge(
  interfaces: readonly string[],
  flags: Omit<DataPathFlags, 'callback'> & { readonly callback: string | undefined },
  { signal, onEvent }: Required<Pick<BridgeOptions, 'signal' | 'onEvent'>>,
  log: RunLog,
): Promise<Bridge | undefined> {
  const { tap, callback: file, ...rest } = flags;
  const callback = file === undefined ? undefined : await callbackModule(file);
  try {
    return await openWithTap({ ...rest, interfaces, callback, signal, onEvent }, tap, log);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** A tap that is not asked for by name is left out where another process has that name. */
async function openWithTap(options: BridgeOptions, tap: string | boolean, log: RunLog): Promise<Bridge> {
  if (tap !== true) return await Bridge.open({ ...options, tap: tap === false ? undefined : tap });
  try {
    return await Bridge.open({ ...options, tap: TAP_NAME });
  } catch (error) {
    if (!(error instanceof XdpError) || error.code !== 'XDP_ERR_TAP_TAKEN') throw error;
    log.note(`${error.message}: this run has no tap; --tap NAME gives it one`, 'warning');
    return await Bridge.open(options);
  }
}

/** @throws XDP_ERR_USAGE when the start-up file fails; the bridge is closed then */
export async function openConsole(
  bridge: Bridge,
  name: string,
  startup: string | undefined,
  reload: () => Promise<void>,
  log: RunLog,
): Promise<ConsoleServer> {
  try {
    const control = bridgeControl(bridge, reload);
    const server = await ConsoleServer.open({ name, control, startup: startup && resolve(startup) });
    for (const notice of server.startup?.notices ?? []) log.note(notice, 'warning');
    const failure = server.startup?.failure;
    if (failure === undefined) return server;
    await server.close();
    throw new XdpError('XDP_ERR_USAGE', `the start-up file failed: ${failure.message}`);
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/** What `console --target` accepts as a name. */
export function nameOf(interfaces: readonly string[]): string {
  return interfaces
    .join('-')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 32);
}

/** Whether others find it is no reason not to run. */
export function announce(log: RunLog, run: Omit<Run, 'pid'>): Announcement | undefined {
  try {
    return new Announcement(run);
  } catch (error) {
    log.note(`xdpkit status and stop don't find this run: ${(error as Error).message}`, 'warning');
    return undefined;
  }
}

/** A run with a name, or in the background, is there once. */
export function takePidFile(name: string, { daemon, pidFile, name: chosen }: DataPathFlags): PidFile | undefined {
  if (pidFile !== undefined) return PidFile.take(resolve(pidFile));
  return daemon || chosen !== undefined ? PidFile.take(join(ownFolder(), `${name}.pid`)) : undefined;
}
