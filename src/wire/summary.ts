import { EtherType, IpProtocol, payloadOffset, u16 } from './headers.js';

const NAMES: Record<number, string> = { 1: 'ICMP', 2: 'IGMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' };

/** A MAC address as text: `02:00:00:00:00:01`. */
export function macText(bytes: Uint8Array, at: number): string {
  return Array.from({ length: 6 }, (_, i) => bytes[at + i]!.toString(16).padStart(2, '0')).join(':');
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** An IPv6 address as RFC 5952 writes it: the longest run of zero groups becomes `::`. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => u16(bytes, at + i * 2).toString(16));
  let best = 0;
  let bestStart = -1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run++;
    if (run > best && run > 1) [best, bestStart] = [run, i];
  }
  if (bestStart < 0) return groups.join(':');
  return `${groups.slice(0, bestStart).join(':')}::${groups.slice(bestStart + best).join(':')}`;
}

/** One line about a frame: who sends what to whom, and its length in bytes. Never throws, whatever the bytes are. */
export function summary(bytes: Uint8Array, start: number, length: number): string {
  if (length < 14) return `short frame, ${length} bytes`;
  const at = payloadOffset(bytes, start, length);
  const macs = `${macText(bytes, start + 6)} > ${macText(bytes, start)}`;
  if (at < 0) return `${macs} truncated, ${length} bytes`;
  const end = start + length;
  const type = u16(bytes, at - 2);
  const tags = [];
  for (let tag = start + 12; tag < at - 2; tag += 4) tags.push(`vlan ${u16(bytes, tag + 2) & 0xfff} `);
  const vlan = tags.join('');
  if (type === EtherType.arp && at + 28 <= end) {
    const [sender, target] = [ipv4Text(bytes, at + 14), ipv4Text(bytes, at + 24)];
    const text =
      u16(bytes, at + 6) === 1 ? `who has ${target}? tell ${sender}` : `${sender} is at ${macText(bytes, at + 8)}`;
    return `${vlan}ARP ${text}, ${length} bytes`;
  }
  if (type === EtherType.ipv4 && at + 20 <= end) {
    const transport = at + (bytes[at]! & 15) * 4;
    const first = (u16(bytes, at + 6) & 0x1fff) === 0;
    return (
      vlan + ip(bytes, ipv4Text(bytes, at + 12), ipv4Text(bytes, at + 16), bytes[at + 9]!, first ? transport : end)
    );
  }
  if (type === EtherType.ipv6 && at + 40 <= end) {
    const [source, target] = [ipv6Text(bytes, at + 8), ipv6Text(bytes, at + 24)];
    return vlan + ip(bytes, `[${source}]`, `[${target}]`, bytes[at + 6]!, at + 40);
  }
  return `${macs} ${vlan}type 0x${type.toString(16).padStart(4, '0')}, ${length} bytes`;

  function ip(b: Uint8Array, source: string, target: string, protocol: number, transport: number): string {
    const name = NAMES[protocol] ?? `protocol ${protocol}`;
    const hasPorts = (protocol === IpProtocol.tcp || protocol === IpProtocol.udp) && transport + 4 <= end;
    const port = (offset: number) => (hasPorts ? `:${u16(b, transport + offset)}` : '');
    return `${name} ${source}${port(0)} > ${target}${port(2)}, ${length} bytes`;
  }
}
