import { parseExpression } from '../../dist/rules/index.js';
import { CORPUS } from './expression-corpus.js';
import type { Random } from './random.js';
import { WORLD } from './random-packets.js';

const KNOWN = Object.values(CORPUS)
  .flat()
  .filter((text) => text.trim() !== '');

/** A tcpdump expression: one of the corpus, or one that packets of {@link WORLD} meet; two of them joined at times. */
export function randomExpression(random: Random): string {
  const text = random.chance(0.3) ? random.pick(KNOWN) : primitive(random);
  if (random.chance(0.6)) return text;
  const other = random.chance(0.3) ? random.pick(KNOWN) : primitive(random);
  const joined = `${random.pick(['', 'not '])}(${text}) ${random.pick(['and', 'or'])} ${random.pick(['', 'not '])}(${other})`;
  return isExpression(joined) ? joined : text;
}

/** Not all of them can be joined: behind mpls there is no vlan. */
function isExpression(text: string): boolean {
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}

function primitive(random: Random): string {
  const side = random.pick(['', 'src ', 'dst ', 'src or dst ', 'src and dst ']);
  const [port, other] = [random.pick(WORLD.ports), random.pick(WORLD.ports)];
  return random.pick([
    `${random.pick(['', 'udp ', 'tcp '])}${side}port ${port}`,
    `${random.pick(['', 'udp ', 'tcp '])}${side}portrange ${Math.min(port, other)}-${Math.max(port, other)}`,
    `${side}host ${random.pick([...WORLD.ipv4, ...WORLD.ipv6])}`,
    `${side}net ${random.pick(['10.0.0.0/8', '10.0.0.0/23', '192.0.2.128/25', '2001:db8::/32', 'fe80::/10'])}`,
    `ether ${random.pick(['src ', 'dst ', 'host '])}${random.pick(WORLD.macs)}`,
    `vlan${random.pick(['', ' 100', ' 1'])}`,
    `vlan and ${random.pick(['ip', 'ip6', 'udp', `port ${port}`])}`,
    random.pick(['ip', 'ip6', 'arp', 'tcp', 'udp', 'icmp', 'icmp6', 'ip6 multicast', 'ether broadcast']),
    `${random.pick(['ip', 'ip6'])} proto ${random.pick(WORLD.protocols)}`,
    `${random.pick(['less', 'greater'])} ${random.between(14, 120)}`,
    `len ${random.pick(['<', '>=', '=', '!='])} ${random.between(14, 120)}`,
    `tcp[13] & ${random.pick([1, 2, 4, 18])} ${random.pick(['!= 0', '= 2'])}`,
    `${random.pick(['ether', 'ip', 'ip6', 'udp', 'tcp'])}[${random.below(24)}${random.pick(['', ':1', ':2', ':4'])}] ${random.pick(['=', '>', '<='])} ${random.below(256)}`,
    `ip[ip[0] & 15] + ${random.below(9)} > ${random.below(300)}`,
  ]);
}
