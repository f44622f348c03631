import { u16 } from './headers.js';

/** What a client says of itself before anything is secret (RFC 8446, section 4.1.2). */
export interface ClientHello {
  /** Name of the host it wants (SNI; RFC 6066, section 3). */
  readonly serverName?: string;
  /** Application protocols it offers (ALPN; RFC 7301), such as `h3`. */
  readonly alpn: readonly string[];
}

const CLIENT_HELLO = 1;
const Extension = { serverName: 0, alpn: 16 } as const;
const HOST_NAME = 0;

/** A field of bytes that is read from its beginning; anything read beyond its end makes it broken. */
class Field {
  readonly #bytes: Uint8Array;
  #at = 0;
  broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.broken || this.#at >= this.#bytes.length;
  }

  number(size: 1 | 2): number {
    const part = this.take(size);
    if (this.broken) return 0;
    return size === 1 ? part[0]! : u16(part, 0);
  }

  take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) this.broken = true;
    if (this.broken) return NONE;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A vector with its length before it. */
  vector(size: 1 | 2): Field {
    return new Field(this.take(this.number(size)));
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }
}

const NONE = new Uint8Array(0);

/**
 * Reads a ClientHello from the beginning of a handshake.
 *
 * @returns undefined when it is not all there, or is something else
 */
export function readClientHello(handshake: Uint8Array): ClientHello | undefined {
  if (handshake.length < 4 || handshake[0] !== CLIENT_HELLO) return undefined;
  const length = (handshake[1]! << 16) | u16(handshake, 2);
  if (handshake.length < 4 + length) return undefined;
  const hello = new Field(handshake.subarray(4, 4 + length));
  // Version, random, session, cipher suites, compression methods.
  hello.take(34);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  // Without extensions there is nothing behind them.
  if (hello.isEmpty) return hello.broken ? undefined : { alpn: [] };
  const extensions = hello.vector(2);
  let serverName: string | undefined;
  let alpn: string[] = [];
  while (!extensions.isEmpty) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (type === Extension.serverName) serverName = hostName(content);
    else if (type === Extension.alpn) alpn = protocols(content);
  }
  if (extensions.broken || hello.broken) return undefined;
  return serverName === undefined ? { alpn } : { serverName, alpn };
}

function hostName(content: Field): string | undefined {
  const names = content.vector(2);
  while (!names.isEmpty) {
    const type = names.number(1);
    const name = names.vector(2).rest();
    if (type === HOST_NAME && !names.broken) return textOf(name);
  }
  return undefined;
}

function protocols(content: Field): string[] {
  const list = content.vector(2);
  const found: string[] = [];
  while (!list.isEmpty) {
    const name = list.vector(1).rest();
    if (!list.broken) found.push(textOf(name));
  }
  return found;
}

/** A stranger wrote it: what is no printable ASCII, which could steer a terminal, is shown as a number. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
