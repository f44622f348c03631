import { once } from 'node:events';
import { ConsoleServer } from '../console/index.js';
import { bridgeControl } from '../daemon/index.js';
import { Bridge, type BridgeEvent, type BridgeOptions } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { TAP_NAME } from '../tap/index.js';
import { type Display, showJson, showLines, showLive, summaryLines } from './bridge-display.js';
import { callbackModule } from './callback-module.js';
import type { DataPathFlags } from './data-path-options.js';
import { printJson, printNote } from './output.js';
import { exitCodeOf } from './stop-signals.js';

/** Moves packets until `signal` or the time ends it. @returns the exit code */
export async function runBridge(
  interfaces: readonly string[],
  flags: DataPathFlags,
  signal: AbortSignal,
): Promise<number> {
  const { json, duration: limit, interval, callback: file, tap, console: hasConsole, name, startup, ...rest } = flags;
  const callback = file === undefined ? undefined : await callbackModule(file);
  const options = { interfaces, ...rest, callback };
  let show: Display | undefined;
  const onEvent = (event: BridgeEvent) => show?.event(event);
  let bridge: Bridge;
  try {
    bridge = await openWithTap({ ...options, signal, onEvent }, tap);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return exitCodeOf(signal);
    throw error;
  }
  const start = bridge.sample();
  if (json) printJson('start', describe(bridge));
  else for (const device of bridge.devices) for (const notice of device.notices) printNote(notice);

  const console = hasConsole ? await openConsole(bridge, name ?? nameOf(interfaces), startup) : undefined;
  const reload = () => void reloadCallback(bridge, file);
  process.on('SIGUSR2', reload);
  show = json ? showJson() : process.stdout.isTTY ? showLive(bridge, interfaces, start) : showLines();
  const timer = setInterval(() => show?.sample(bridge.sample()), interval);
  show.sample(start);
  try {
    await Promise.race([bridge.finished, ended(signal, limit)]);
  } finally {
    clearInterval(timer);
    show.end();
    process.off('SIGUSR2', reload);
    await console?.close();
  }
  const summary = await bridge.close();
  if (json) printJson('summary', { ...summary, seconds: (summary.last.time - start.time) / 1000 });
  else for (const line of summaryLines(summary, start)) process.stdout.write(`${line}\n`);
  return exitCodeOf(signal);
}

/** Resolves at a signal or at the end of the time, whichever comes first. */
async function ended(signal: AbortSignal, limit: number | undefined): Promise<void> {
  if (signal.aborted) return;
  if (limit === undefined) await once(signal, 'abort');
  else await Promise.race([once(signal, 'abort'), new Promise((resolve) => setTimeout(resolve, limit).unref())]);
}

function describe(bridge: Bridge): object {
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

/** A tap that is not asked for by name is left out where another process has that name. */
async function openWithTap(options: BridgeOptions, tap: string | boolean): Promise<Bridge> {
  if (tap !== true) return await Bridge.open({ ...options, tap: tap === false ? undefined : tap });
  try {
    return await Bridge.open({ ...options, tap: TAP_NAME });
  } catch (error) {
    if (!(error instanceof XdpError) || error.code !== 'XDP_ERR_TAP_TAKEN') throw error;
    printNote(`${error.message}: this run has no tap; --tap NAME gives it one`);
    return await Bridge.open(options);
  }
}

async function openConsole(
  bridge: Bridge,
  name: string,
  startup: string | undefined,
): Promise<ConsoleServer | undefined> {
  try {
    const server = await ConsoleServer.open({ name, control: bridgeControl(bridge), startup });
    for (const notice of server.startup?.notices ?? []) printNote(notice);
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
function nameOf(interfaces: readonly string[]): string {
  return interfaces
    .join('-')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 32);
}

/** Reads the callback anew. A broken one changes nothing. */
async function reloadCallback(bridge: Bridge, file: string | undefined): Promise<void> {
  if (file === undefined) {
    printNote('there is no callback to load again');
    return;
  }
  try {
    await bridge.replaceCallback(await callbackModule(file));
    printNote(`${file} was loaded again`);
  } catch (error) {
    printNote(`${file} was not loaded again: ${(error as Error).message}`);
  }
}
