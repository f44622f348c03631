import { once } from 'node:events';
import { resolve } from 'node:path';
import { isInBackground, notifyManager, tellFailure, tellReady } from '../daemon/index.js';
import type { Bridge, BridgeEvent, BridgeSample } from '../pipeline/index.js';
import { XdpError } from '../sys/index.js';
import { type Display, showJson, showLines, showLive, showNothing, summaryLines } from './bridge-display.js';
import { announce, describe, nameOf, openBridge, openConsole, takePidFile } from './bridge-opening.js';
import type { DataPathFlags } from './data-path-options.js';
import { printJson } from './output.js';
import { callbackReloader } from './reload-callback.js';
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
    const { exitCode = 1, code = 'XDP_ERR_INTERNAL' } = error instanceof XdpError ? error : {};
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
  const { duration: limit, interval, startup } = flags;
  const file = flags.callback && resolve(flags.callback);
  const json = flags.json && !isInBackground();
  using pidFile = takePidFile(name, flags);
  let show: Display | undefined;
  const onEvent = (event: BridgeEvent) => {
    log.write('warning', event.message);
    show?.event(event);
  };
  const bridge = await openBridge(interfaces, { ...flags, callback: file }, { signal, onEvent }, log);
  if (bridge === undefined) return exitCodeOf(signal);
  const start = bridge.sample();
  if (json) printJson('start', describe(bridge));
  for (const device of bridge.devices)
    for (const notice of device.notices) json ? log.write('info', notice) : log.note(notice);

  const reload = callbackReloader(bridge, file, log);
  const onReload = () => void reload().catch(() => {});
  const console = flags.console ? await openConsole(bridge, name, startup, reload, log) : undefined;
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

function displayOf(command: string, bridge: Bridge, interfaces: readonly string[], start: BridgeSample): Display {
  return process.stdout.isTTY ? showLive(command, bridge, interfaces, start) : showLines();
}

/** Resolves at a signal or at the end of the time, whichever comes first. */
async function ended(signal: AbortSignal, limit: number | undefined): Promise<void> {
  if (signal.aborted) return;
  if (limit === undefined) await once(signal, 'abort');
  else await Promise.race([once(signal, 'abort'), new Promise((done) => setTimeout(done, limit).unref())]);
}
