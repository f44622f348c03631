import { styleText } from 'node:util';
import type { Bridge, BridgeEvent, BridgeSample, BridgeSummary } from '../pipeline/index.js';
import { bridgeTable, lossesOf, whole } from './bridge-table.js';
import { LiveRegion } from './live-region.js';
import { printJson, printNote } from './output.js';

/** Lines of a live table about what happened to the interfaces. */
const EVENTS_SHOWN = 4;

/** How a run is shown while it lasts. */
export interface Display {
  sample(now: BridgeSample): void;
  event(event: BridgeEvent): void;
  end(): void;
}

export function showJson(): Display {
  return { sample: (now) => printJson('sample', now), event: (event) => printJson('event', event), end: () => {} };
}

/** For nobody: the log tells what happens. */
export function showNothing(): Display {
  return { sample: () => {}, event: () => {}, end: () => {} };
}

/** For a pipe or a file: a table at every sample, one under the other. */
export function showLines(): Display {
  let before: BridgeSample | undefined;
  return {
    sample(now) {
      if (before !== undefined) process.stdout.write(`${bridgeTable(now, before).join('\n')}\n\n`);
      before = now;
    },
    event: ({ message }) => printNote(message),
    end: () => {},
  };
}

export function showLive(command: string, bridge: Bridge, interfaces: readonly string[], start: BridgeSample): Display {
  const region = new LiveRegion(process.stdout);
  const workers = bridge.workers === 1 ? '1 worker' : `${bridge.workers} workers`;
  let before = start;
  const told: string[] = [];
  return {
    sample(now) {
      const seconds = Math.round((now.time - start.time) / 1000);
      const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
      const time = clock.map((part) => String(Math.floor(part)).padStart(2, '0')).join(':');
      const title = styleText('bold', `xdpkit ${command}  ${interfaces.join(' <-> ')}`);
      const hint = styleText(
        'dim',
        `Ctrl-C ends it and gives ${interfaces.length === 1 ? 'the interface' : 'the interfaces'} back`,
      );
      region.draw([`${title}   ${workers}   ${time}`, '', ...bridgeTable(now, before), ...told, '', hint]);
      before = now;
    },
    event({ message }) {
      told.push(`${new Date().toLocaleTimeString('en-GB')}  ${message}`);
      if (told.length > EVENTS_SHOWN) told.shift();
    },
    end: () => region.end(),
  };
}

/** What happened, in a few lines. */
export function summaryLines({ last, audits }: BridgeSummary, start: BridgeSample): string[] {
  const seconds = (last.time - start.time) / 1000;
  const lines = last.ports.map(({ interface: name, total }) => {
    const lost = lossesOf(total);
    return `${name}: ${whole(total.rxPackets)} packets in, ${whole(total.txPackets)} out, ${lost === 0 ? 'none' : whole(lost)} lost`;
  });
  const sum = (field: 'frames' | 'lost' | 'duplicated') => audits.reduce((total, audit) => total + audit[field], 0);
  const frames =
    sum('lost') + sum('duplicated') === 0
      ? `all ${whole(sum('frames'))} frames accounted for`
      : styleText('red', `${sum('lost')} frames lost, ${sum('duplicated')} found twice: please report this`);
  return [`${seconds.toFixed(1)} s`, ...lines, frames];
}
