import { ipv4Text, ipv6Text, macText } from './address-text.js';
import { EtherType, IpProtocol, u16 } from './headers.js';
import { PacketHeaders } from './packet-headers.js';

const NAMES: Record<number, string> = { 1: 'ICMP', 2: 'IGMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' };

/** One line about a frame: who sends what to whom, and its length in bytes. Never throws, whatever the bytes are. */
export function summary(bytes: Uint8Array, start: number, length: number): string {
  if (length < 14) return `short frame, ${length} bytes`;
  const headers = new PacketHeaders().read(bytes, start, length);
  const { network: at, etherType: type } = headers;
  const macs = `${macText(bytes, start + 6)} > ${macText(bytes, start)}`;
  if (at < 0) return `${macs} truncated, ${length} bytes`;
  const tags = Array.from({ length: headers.vlanTags }, (_, tag) => u16(bytes, start + 14 + tag * 4) & 0xfff);
  const vlan = tags.map((id) => `vlan ${id} `).join('');
  if (type === EtherType.arp && at + 28 <= headers.end) {
    const [sender, target] = [ipv4Text(bytes, at + 14), ipv4Text(bytes, at + 24)];
    const text =
      u16(bytes, at + 6) === 1 ? `who has ${target}? tell ${sender}` : `${sender} is at ${macText(bytes, at + 8)}`;
    return `${vlan}ARP ${text}, ${length} bytes`;
  }
  if (headers.ipVersion === 4) {
    return `${vlan}${flow(bytes, headers, ipv4Text(bytes, at + 12), ipv4Text(bytes, at + 16))}, ${length} bytes`;
  }
  if (headers.ipVersion === 6) {
    const [source, target] = [ipv6Text(bytes, at + 8), ipv6Text(bytes, at + 24)];
    return `${vlan}${flow(bytes, headers, `[${source}]`, `[${target}]`)}, ${length} bytes`;
  }
  return `${macs} ${vlan}type 0x${type.toString(16).padStart(4, '0')}, ${length} bytes`;
}

function flow(bytes: Uint8Array, { protocol, transport }: PacketHeaders, source: string, target: string): string {
  const hasPorts = (protocol === IpProtocol.tcp || protocol === IpProtocol.udp) && transport >= 0;
  const port = (offset: number) => (hasPorts ? `:${u16(bytes, transport + offset)}` : '');
  const name = NAMES[protocol] ?? (protocol < 0 ? 'truncated packet' : `protocol ${protocol}`);
  return `${name} ${source}${port(0)} > ${target}${port(2)}`;
}
