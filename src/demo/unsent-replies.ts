import { readFileSync } from 'node:fs';

/**
 * ICMP messages that this namespace's kernel has failed to send since the namespace was made (icmpOutErrors, RFC 2011).
 * Linux sends echo replies through one socket per processor that all namespaces share (net/ipv4/icmp.c): replies that
 * wait for somebody's MAC address anywhere on the machine can fill it for seconds, and a host then stays silent.
 */
export function unsentReplies(): number {
  const [names, values] = readFileSync('/proc/thread-self/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Icmp: '))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('OutErrors') ?? -1]);
}
