import { isIPv4 } from 'node:net';
import { XdpError } from '../sys/index.js';
import { parseIp, parseMac } from './address-text.js';
import { encodeFrame, type Frame } from './frame.js';
import { TcpFlag, type Transport } from './transport.js';

const PROTOCOLS: Record<string, number> = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };
const MAX_SIZE = 9216;
const EXAMPLE =
  "for example 'udp 10.0.0.1:5000 > 10.0.0.2:443' or 'vlan 7 tcp [2001:db8::1]:80 > [2001:db8::2]:5000 flags syn'";

/**
 * The frame that one line describes, in the words of {@link summary}, upper or lower case:
 *
 * `[vlan ID [vlan ID]] (udp | tcp | icmp | icmpv6 | … | protocol N) SOURCE > DESTINATION [WORD VALUE]… [SIZE bytes]`
 *
 * SOURCE and DESTINATION are `10.0.0.1`, `10.0.0.1:53`, `2001:db8::1` or `[2001:db8::1]:53`; without ports UDP and TCP have
 * 1024 and 9. The words: `src-mac`, `dst-mac`, `ttl` (0 to 255), `dscp` (0 to 63), `flags` (TCP: names with commas), `type`
 * and `code` (ICMP; default an echo request), `payload` (hexadecimal digits). The size, 14 to 9216, fills the payload up with
 * zeros. Checksums are right.
 *
 * @throws XDP_ERR_USAGE
 */
export function describedFrame(text: string): Uint8Array {
  const words = new Words(text);
  const vlan: { id: number }[] = [];
  while (words.takes('vlan')) vlan.push({ id: words.number('a VLAN ID', 4095) });
  if (vlan.length > 2) throw words.wrong('at most two VLAN tags');
  const name = words.next('a protocol').toLowerCase();
  const protocol = name === 'protocol' ? words.number('a protocol number', 255) : PROTOCOLS[name];
  if (protocol === undefined) throw words.wrong(`a protocol, not ${JSON.stringify(name)}`);
  const source = words.endpoint();
  if (words.next('>') !== '>') throw words.wrong("'>' between source and destination");
  const destination = words.endpoint();
  const is4 = isIPv4(source.address);
  if (is4 !== isIPv4(destination.address)) throw words.wrong('both addresses of one family');
  const given = options(words);

  const common = { source: source.address, destination: destination.address };
  const { ttl, dscp } = given;
  const network: Frame['network'] = is4
    ? { kind: 'ipv4', ...common, protocol, ...(ttl !== undefined && { ttl }), ...(dscp !== undefined && { dscp }) }
    : {
        kind: 'ipv6',
        ...common,
        nextHeader: protocol,
        ...(ttl !== undefined && { hopLimit: ttl }),
        ...(dscp !== undefined && { dscp }),
      };
  const transport = transportOf(words, protocol, is4, { source: source.port, destination: destination.port }, given);
  const frame: Frame = {
    ethernet: {
      source: given.sourceMac ?? '02:00:00:00:00:01',
      destination: given.destinationMac ?? '02:00:00:00:00:02',
    },
    vlan,
    network,
    ...(transport && { transport }),
  };
  const payload = given.payload ?? new Uint8Array(0);
  const bytes = encodeFrame({ ...frame, payload });
  const { size = bytes.length } = given;
  if (size < bytes.length) throw words.wrong(`at least ${bytes.length} bytes: so long are its headers and payload`);
  if (size === bytes.length) return bytes;
  const filled = new Uint8Array(payload.length + size - bytes.length);
  filled.set(payload);
  return encodeFrame({ ...frame, payload: filled });
}

interface Given {
  sourceMac?: string;
  destinationMac?: string;
  ttl?: number;
  dscp?: number;
  flags?: number;
  type?: number;
  code?: number;
  payload?: Uint8Array;
  size?: number;
}

function options(words: Words): Given {
  const given: Given = {};
  for (let word = words.maybe(); word !== undefined; word = words.maybe()) {
    if (word === 'src-mac') given.sourceMac = words.mac();
    else if (word === 'dst-mac') given.destinationMac = words.mac();
    else if (word === 'ttl') given.ttl = words.number('a time to live', 255);
    else if (word === 'dscp') given.dscp = words.number('a DSCP', 63);
    else if (word === 'type') given.type = words.number('an ICMP type', 255);
    else if (word === 'code') given.code = words.number('an ICMP code', 255);
    else if (word === 'flags') given.flags = words.flags();
    else if (word === 'payload') given.payload = words.hex();
    else if (/^\d+$/.test(word)) {
      given.size = Number(word);
      if (!words.takes('bytes')) throw words.wrong(`'bytes' behind ${word}`);
      if (given.size > MAX_SIZE) throw words.wrong(`at most ${MAX_SIZE} bytes`);
    } else throw words.wrong(`no word ${JSON.stringify(word)}`);
  }
  return given;
}

function transportOf(
  words: Words,
  protocol: number,
  is4: boolean,
  ports: { source: number | undefined; destination: number | undefined },
  { flags, type, code }: Given,
): Transport | undefined {
  if (protocol === PROTOCOLS['udp'] || protocol === PROTOCOLS['tcp']) {
    const { source: sourcePort = 1024, destination: destinationPort = 9 } = ports;
    if (protocol === PROTOCOLS['udp']) return { kind: 'udp', sourcePort, destinationPort };
    return { kind: 'tcp', sourcePort, destinationPort, flags: flags ?? TcpFlag.ack };
  }
  if (ports.source !== undefined || ports.destination !== undefined) throw words.wrong('ports only for UDP and TCP');
  const isIcmp = protocol === (is4 ? PROTOCOLS['icmp'] : PROTOCOLS['icmpv6']);
  return isIcmp ? { kind: 'icmp', type: type ?? (is4 ? 8 : 128), code: code ?? 0 } : undefined;
}

/** The words of a description, from the left to the right. */
class Words {
  readonly #text: string;
  readonly #words: string[];

  constructor(text: string) {
    this.#text = text;
    this.#words = text
      .replaceAll(/,(?=\s)/g, ' ')
      .split(/\s+/)
      .filter(Boolean);
  }

  wrong(wanted: string): XdpError {
    return new XdpError('XDP_ERR_USAGE', `${JSON.stringify(this.#text)} describes no packet: ${wanted}`, {
      advice: EXAMPLE,
    });
  }

  maybe(): string | undefined {
    return this.#words.shift()?.toLowerCase();
  }

  next(wanted: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw this.wrong(`${wanted} is missing`);
    return word;
  }

  takes(word: string): boolean {
    if (this.#words[0]?.toLowerCase() !== word) return false;
    this.#words.shift();
    return true;
  }

  number(what: string, most: number): number {
    const word = this.next(what);
    const value = Number(word);
    if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
      throw this.wrong(`${what} is 0 to ${most}, not ${JSON.stringify(word)}`);
    }
    return value;
  }

  endpoint(): { address: string; port: number | undefined } {
    const word = this.next('an address');
    const [, v6, v4, digits] = /^(?:\[(.+)\]|([\d.]+))(?::(\d+))?$/.exec(word) ?? [];
    const address = v6 ?? v4 ?? word;
    const port = digits === undefined ? undefined : Number(digits);
    try {
      parseIp(address);
    } catch {
      throw this.wrong(`an address, not ${JSON.stringify(word)}`);
    }
    if (port !== undefined && port > 0xffff) throw this.wrong(`a port is 0 to 65535, not ${port}`);
    return { address, port };
  }

  mac(): string {
    const word = this.next('an Ethernet address');
    parseMac(word);
    return word;
  }

  flags(): number {
    const word = this.next('TCP flags');
    return word.split(',').reduce((sum, name) => {
      const flag = TcpFlag[name.toLowerCase() as keyof typeof TcpFlag];
      if (flag === undefined) throw this.wrong(`a TCP flag is ${Object.keys(TcpFlag).join(', ')}; not ${name}`);
      return sum | flag;
    }, 0);
  }

  hex(): Uint8Array {
    const word = this.next('a payload');
    if (!/^([0-9a-f]{2})*$/i.test(word)) throw this.wrong('a payload is hexadecimal digits, two to a byte');
    return Uint8Array.from(word.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  }
}
