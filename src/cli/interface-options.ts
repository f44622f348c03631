import { Option } from 'commander';
import { duration } from './arguments.js';

/** Options that commands share which take an interface, each with one text. */

export const modeOption = (): Option =>
  new Option('-m, --mode <mode>', 'where the XDP program runs').choices(['native', 'generic', 'auto']).default('auto');

export const zeroCopyOption = (): Option =>
  new Option('-z, --zero-copy <when>', 'let the driver work in our memory')
    .choices(['auto', 'on', 'off'])
    .default('auto');

export const durationOption = (): Option =>
  new Option('-d, --duration <time>', 'end after this time, such as 30, 10s or 5m').argParser(duration);

/** Milliseconds. */
export const intervalOption = (): Option =>
  new Option('-i, --interval <time>', 'time between two samples').argParser(duration).default(1000, '1s');

export const netnsOption = (): Option =>
  new Option('--netns <name>', 'network namespace of the interface, by name or path');

export const forceOption = (): Option =>
  new Option('-f, --force', 'take an interface although it carries the default route or this session');
