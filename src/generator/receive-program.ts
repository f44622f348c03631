import {
  type Assembled,
  Assembler,
  Helper,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  XdpAction,
  XdpContext,
} from '../ebpf/index.js';
import { ETHERNET_HEADER, EtherType, IPV6_HEADER, VLAN_TAG } from '../wire/index.js';
import { MEASURE_MAGIC, Measure } from './measure.js';

/** VLAN tags that may stand before the IP header. */
const TAGS = 2;

/** Bytes of a packet. */
const LONGEST = 0x4000;

/** A number as a little-endian load of its big-endian bytes gives it. */
const swap16 = (value: number) => ((value & 0xff) << 8) | (value >> 8);
const swap32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer).swap32().readInt32LE(0);

/**
 * Sends frames that measure to the AF_XDP socket of their queue (map `sockets`), and leaves all others to the host: they
 * are IP packets, behind up to two VLAN tags, whose last bytes begin with the magic.
 */
export function measureProgram(): Assembled {
  const a = new Assembler();
  // R6 the context, R7 where the IP header begins (for now: the EtherType before it), R3 the frame's end.
  a.mov(R6, R1).load('u32', R7, R6, XdpContext.data).load('u32', R3, R6, XdpContext.dataEnd);
  a.mov(R1, R7)
    .alu('+', R1, ETHERNET_HEADER + TAGS * VLAN_TAG + 8)
    .jump('>', R1, R3, 'pass');
  a.load('u16', R4, R7, ETHERNET_HEADER - 2).alu('+', R7, ETHERNET_HEADER);
  for (let tag = 0; tag < TAGS; tag++) {
    const [tagged, next] = [`tag ${tag}`, `behind tag ${tag}`];
    a.jump('==', R4, swap16(EtherType.vlan), tagged).jump('!=', R4, swap16(EtherType.serviceVlan), next);
    a.label(tagged).load('u16', R4, R7, 2).alu('+', R7, VLAN_TAG);
    a.label(next);
  }
  // R5: bytes of the packet.
  a.jump('==', R4, swap16(EtherType.ipv4), 'ipv4').jump('!=', R4, swap16(EtherType.ipv6), 'pass');
  a.load('u16', R5, R7, 4).byteOrder('be16', R5).alu('+', R5, IPV6_HEADER).goto('end');
  a.label('ipv4').load('u16', R5, R7, 2).byteOrder('be16', R5);
  a.label('end').jump('<', R5, Measure.length, 'pass').alu('-', R5, Measure.length);
  // A bound for the verifier, which follows pointers up to 65535 bytes into a packet (MAX_PACKET_OFF); no frame is longer.
  a.jump('>', R5, LONGEST, 'pass').alu('+', R7, R5);
  a.mov(R1, R7).alu('+', R1, Measure.length).jump('>', R1, R3, 'pass');
  a.load('u32', R1, R7, Measure.magic).jump32('!=', R1, swap32(MEASURE_MAGIC), 'pass');
  // A queue without a socket leaves its frames to the host.
  a.load('u32', R2, R6, XdpContext.rxQueueIndex).map(R1, 'sockets').mov(R3, XdpAction.pass);
  a.call(Helper.redirectMap).exit();
  a.label('pass').mov(R0, XdpAction.pass).exit();
  return a.assemble();
}
