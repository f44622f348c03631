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

/** Lengths of a DNS header, and of what stands behind a question's name. */
const DNS_HEADER = 12;
const QUESTION_TAIL = 4;

/**
 * DNS over QUIC (RFC 9250): a question is answered by a TXT record with the worker's number, whatever it asks for. A question that
 * does not come in one piece, or that is none, has no answer.
 */
export function dns(worker: number): Application {
  const text = Buffer.from(`worker ${worker}`);
  // The question's name, TXT, IN, no time to live; one string.
  const record = Buffer.from([0xc0, DNS_HEADER, 0, 16, 0, 1, 0, 0, 0, 0, 0, text.length + 1, text.length, ...text]);
  return { answer: (bytes) => answerTo(Buffer.from(bytes), record) };
}

/** @param query with its length in front (RFC 9250, 4.2), as the answer has it */
function answerTo(query: Buffer, record: Buffer): Buffer {
  const message = query.subarray(2);
  const none = Buffer.alloc(0);
  if (message.length < DNS_HEADER || query.readUInt16BE() !== message.length) return none;
  let end = DNS_HEADER;
  while ((message[end] ?? 0) !== 0) end += 1 + message[end]!;
  end += 1 + QUESTION_TAIL;
  if (message.readUInt16BE(4) !== 1 || end > message.length) return none;
  const header = Buffer.from(message.subarray(0, DNS_HEADER));
  // A response, authoritative, without an error; recursion as it was desired.
  header[2] = 0x84 | (header[2]! & 0x79);
  header[3] = 0;
  // One answer, nothing else: the client's EDNS options are not answered.
  header.set([0, 1, 0, 0, 0, 0], 6);
  const answer = Buffer.concat([header, message.subarray(DNS_HEADER, end), record]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  return Buffer.concat([length, answer]);
}
