/** What a connection does with its streams. ALPN tells which one the client wants. */
export interface Application {
  /** What the server says unasked, on a stream of its own. */
  readonly opening?: Uint8Array;
  /** @returns what goes back by a stream for what came in by it; with `fin` it is the end of both */
  answer(bytes: Uint8Array, fin: boolean): Uint8Array;
}

export const echo: Application = { answer: (bytes) => bytes };

/**
 * As much of HTTP/3 (RFC 9114) as tells a browser or curl which worker it talks to: requests are not read, and each is answered
 * alike. Nothing refers to a dynamic table (RFC 9204), so that streams of QPACK are not needed.
 */
export function http3(worker: number): Application {
  const body = Buffer.from(`worker ${worker}\n`);
  // HEADERS: the static entries 25, ":status 200", and 53, "content-type text/plain". And DATA.
  const response = Uint8Array.of(1, 4, 0, 0, 0xc0 | 25, 0xc0 | 53, 0, body.length, ...body);
  // A control stream, with SETTINGS that settle nothing.
  return { opening: Uint8Array.of(0, 4, 0), answer: (_, fin) => (fin ? response : new Uint8Array()) };
}
