import { createReadStream, existsSync } from 'node:fs';
import { XdpError } from '../sys/index.js';
import { describedFrame, readCapture } from '../wire/index.js';

/** A packet that somebody named on the command line. */
export interface GivenPacket {
  readonly bytes: Uint8Array;
  /** Of a capture: the file, and the packet's number in it, from 1. */
  readonly file?: string;
  readonly number?: number;
  /** Nanoseconds since 1970, of a capture. */
  readonly time?: bigint;
}

const HEX = /^(0x)?([0-9a-f]{2}[\s:]?)+$/i;

/**
 * The packets of an argument: a description such as `udp 10.0.0.1:5000 > 10.0.0.2:443`, the bytes of a frame in
 * hexadecimal digits, or the path of a pcap or pcapng file.
 *
 * @throws XDP_ERR_USAGE, XDP_ERR_CAPTURE
 */
export async function* packetsOf(argument: string): AsyncGenerator<GivenPacket> {
  if (argument.includes('>')) yield { bytes: describedFrame(argument) };
  else if (HEX.test(argument)) yield { bytes: Buffer.from(argument.replaceAll(/^0x|[\s:]/gi, ''), 'hex') };
  else if (existsSync(argument)) yield* packetsOfCapture(argument);
  else {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(argument)} is no packet`, {
      advice:
        "a packet is a pcap file, hexadecimal digits, or a description such as 'udp 10.0.0.1:5000 > 10.0.0.2:443'",
    });
  }
}

/** @throws XDP_ERR_CAPTURE */
export async function* packetsOfCapture(file: string): AsyncGenerator<Required<GivenPacket>> {
  let number = 0;
  for await (const { bytes, seconds, nanoseconds } of readCapture(createReadStream(file))) {
    number++;
    yield { bytes, file, number, time: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) };
  }
}
