import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { ConsoleServer, ownFolder } from '../console/index.js';
import {
  Announcement,
  bridgeControl,
  isInBackground,
  notifyManager,
  PidFile,
  type Run,
  tellFailure,
  tellReady,
} from '../daemon/index.js';
import { Bridge, type BridgeEvent, type BridgeOptions, type BridgeSample } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { TAP_NAME } from '../tap/index.js';
import { type Display, showJson, showLines, showLive, showNothing, summaryLines } from './bridge-display.js';
import { callbackModule } from './callback-module.js';
import type { DataPathFlags } from './data-path-options.js';
import { printJson } from './output.js';
import { reloadCallback } from './reload-callback.js';
import { RunLog } from './run-log.js';
import { startDaemon } from './start-daemon.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

/**
 * Moves packets until a signal or the time ends it.
 *
 * @param command what it was called by
 * @returns the exit code
 */
export async function runBridge(command: string, interfaces: readonly string[], flags: DataPathFlags): Promise<number> {
  const name = flags.name ?? nameOf(interfaces);
  const background = isInBackground();
  if (flags.daemon && !background) return await startDaemon(name, flags);
  using log = new RunLog(name, flags);
  const reopen = () => log.reopen();
  if (log.path !== undefined) process.on('SIGHUP', reopen);
  try {
    // A run that has a log is told by SIGHUP to open it anew.
    const hangup = log.path === undefined;
    return await withStopSignals((signal) => moveFor(command, name, interfaces, flags, log, signal), { hangup });
  } catch (error) {
    const { exitCode = 1, code = '' } = error instanceof XdpError ? error : {};
    log.write('error', `${error instanceof Error ? error.message : String(error)} [${code}]`);
    if (!background) throw error;
    if (isInBackground()) await tellFailure(error);
    return exitCode;
  } finally {
    process.off('SIGHUP', reopen);
  }
}

async function moveFor(
  command: string,
  name: string,
  interfaces: readonly string[],
  flags: DataPathFlags,
  log: RunLog,
  signal: AbortSignal,
): Promise<number> {
  const { duration: limit, interval, callback: path, tap, console: hasConsole, startup, ...rest } = flags;
  const file = path && resolve(path);
  const json = flags.json && !isInBackground();
  using pidFile = takePidFile(name, flags);
  const callback = file === undefined ? undefined : await callbackModule(file);
  let show: Display | undefined;
  const onEvent = (event: BridgeEvent) => {
    log.write('warning', event.message);
    show?.event(event);
  };
  let bridge: Bridge;
  try {
    bridge = await openWithTap({ ...rest, interfaces, callback, signal, onEvent }, tap, log);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return exitCodeOf(signal);
    throw error;
  }
  const start = bridge.sample();
  if (json) printJson('start', describe(bridge));
  for (const device of bridge.devices)
    for (const notice of device.notices) json ? log.write('warning', notice) : log.note(notice, 'warning');

  const reload = async () => {
    try {
      const done = await reloadCallback(bridge, file);
      log.note(done);
      return done;
    } catch (error) {
      log.note((error as Error).message, 'error');
      throw error;
    }
  };
  const onReload = () => void reload().catch(() => {});
  const console = hasConsole ? await openConsole(bridge, name, startup, reload, log) : undefined;
  process.on('SIGUSR2', onReload);
  show = log.isAlone && !json ? showNothing() : json ? showJson() : displayOf(command, bridge, interfaces, start);
  const timer = setInterval(() => show?.sample(bridge.sample()), interval);
  show.sample(start);
  try {
    using _announcement = announce(log, {
      name,
      command,
      interfaces,
      since: Date.now(),
      background: isInBackground(),
      console: console?.path ?? null,
      log: log.path ?? null,
      pidFile: pidFile?.path ?? null,
    });
    const workers = bridge.workers === 1 ? '1 worker' : `${bridge.workers} workers`;
    log.write('info', `${command} ${interfaces.join(' ')} runs, ${workers}`);
    notifyManager(`READY=1\nSTATUS=${interfaces.join(' ')}`);
    if (isInBackground()) {
      await tellReady(log.notes);
      // Whatever it was started in can be unmounted.
      process.chdir('/');
    }
    await Promise.race([bridge.finished, ended(signal, limit)]);
    notifyManager('STOPPING=1');
    log.write('info', `ends: ${signal.aborted ? String(signal.reason) : 'its time is over'}`);
  } finally {
    clearInterval(timer);
    show.end();
    process.off('SIGUSR2', onReload);
    await console?.close();
  }
  const summary = await bridge.close();
  const lines = summaryLines(summary, start);
  log.write('info', lines.join('; '));
  if (json) printJson('summary', { ...summary, seconds: (summary.last.time - start.time) / 1000 });
  else if (!log.isAlone) for (const line of lines) process.stdout.write(`${line}\n`);
  return exitCodeOf(signal);
}

/** Whether others find it is no reason not to run. */
function announce(log: RunLog, run: Omit<Run, 'pid'>): Announcement | undefined {
  try {
    return new Announcement(run);
  } catch (error) {
    log.note(`xdpkit status and stop don't find this run: ${(error as Error).message}`, 'warning');
    return undefined;
  }
}

/** A run with a name, or in the background, is there once. */
function takePidFile(name: string, { daemon, pidFile, name: chosen }: DataPathFlags): PidFile | undefined {
  if (pidFile !== undefined) return PidFile.take(resolve(pidFile));
  return daemon || chosen !== undefined ? PidFile.take(join(ownFolder(), `${name}.pid`)) : undefined;
}

function displayOf(command: string, bridge: Bridge, interfaces: readonly string[], start: BridgeSample): Display {
  return process.stdout.isTTY ? showLive(command, bridge, interfaces, start) : showLines();
}

/** Resolves at a signal or at the end of the time, whichever comes first. */
async function ended(signal: AbortSignal, limit: number | undefined): Promise<void> {
  if (signal.aborted) return;
  if (limit === undefined) await once(signal, 'abort');
  else await Promise.race([once(signal, 'abort'), new Promise((done) => setTimeout(done, limit).unref())]);
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

async function openConsole(
  bridge: Bridge,
  name: string,
  startup: string | undefined,
  reload: () => Promise<string>,
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
function nameOf(interfaces: readonly string[]): string {
  return interfaces
    .join('-')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 32);
}
