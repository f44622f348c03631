export { ChecksumMemory, fold } from './checksum.js';
export { ETHERNET_HEADER, EtherType, IpProtocol, payloadOffset, u16, u32, VLAN_TAG } from './headers.js';
export { ipv6Text, macText, summary } from './summary.js';
