import { readFileSync } from 'node:fs';
import { replace } from '../../dist/policy/tasks.js';

/** Replaces rules by the given ones in turn, as `InstalledRules.replace` does it, on one thread. */
export function replaceOften(name, ruleSets, times) {
  for (let i = 0; i < times; i++) {
    const outcome = replace({ interface: name, rules: ruleSets[i % ruleSets.length], confirmWithin: undefined });
    if ('error' in outcome) throw new Error(outcome.error.message);
  }
}

/** The number of packets that have come to IPv4 in the namespace of the thread. */
export function inReceives() {
  const [names, values] = readFileSync('/proc/thread-self/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Ip:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('InReceives')]);
}
