import type { Connection } from '@matrixai/quic/native/types.js';
import { type Application, echo } from './application.js';
import type { Endpoint, Route } from './datagrams.js';
import { sendDatagram } from './datagrams.js';

const chunk = new Uint8Array(65_536);

/** The server's first unidirectional stream (RFC 9000, 2.1). */
const OPENING_STREAM = 3;
const isOneWay = (stream: number) => (stream & 2) !== 0;

/** One connection: answers on each stream what came in by it. */
export class ServerConnection {
  readonly #connection: Connection;
  /** What could not be sent yet, by stream. */
  readonly #waiting = new Map<number, { bytes: Uint8Array; fin: boolean }>();
  readonly #onClosed: () => void;
  readonly #newId: () => Uint8Array;
  readonly #applications: Readonly<Record<string, Application>>;
  #application: Application | undefined;
  #route: Route;
  #timer: NodeJS.Timeout | undefined;

  /** @param newId makes connection IDs that lead here. @param applications by ALPN: the client has chosen one of them */
  constructor(
    connection: Connection,
    route: Route,
    newId: () => Uint8Array,
    applications: Readonly<Record<string, Application>>,
    onClosed: () => void,
  ) {
    this.#connection = connection;
    this.#route = route;
    this.#newId = newId;
    this.#applications = applications;
    this.#onClosed = onClosed;
  }

  receive(payload: Uint8Array, from: Endpoint, to: Endpoint, route: Route): void {
    // Wherever the client is now, the way back is the one by which it came.
    this.#route = route;
    try {
      this.#connection.recv(payload, { from, to });
    } catch {
      // What is not for this connection, or damaged, is as if it had not come (RFC 9000, 5.2).
    }
    if (this.#connection.isEstablished()) {
      this.#issueIds();
      this.#serve(this.#application ?? this.#open());
    }
    this.send();
  }

  /** Sends all that is to be sent now, and comes back when the time for more has come. */
  send(): void {
    const connection = this.#connection;
    const isIpv6 = this.#route.ethernet.at(-1) === 0xdd;
    const produce = (payload: Uint8Array) => connection.send(payload.subarray(0, 1350));
    while (sendDatagram(this.#route, isIpv6, produce));
    clearTimeout(this.#timer);
    if (connection.isClosed()) {
      this.#onClosed();
      return;
    }
    const wait = connection.timeout();
    if (wait !== null) {
      this.#timer = setTimeout(() => {
        connection.onTimeout();
        this.send();
        this.#route.port.flush();
      }, wait);
    }
  }

  close(): void {
    if (!this.#connection.isClosed()) this.#connection.close(true, 0, new Uint8Array());
    this.send();
    clearTimeout(this.#timer);
  }

  /** As many as the client wants, so that it can change its address under a new one (RFC 9000, 5.1.1). */
  #issueIds(): void {
    const connection = this.#connection;
    while (connection.sourceCidsLeft() > 0) {
      const resetToken = crypto.getRandomValues(new BigUint64Array(2));
      connection.newSourceCid(this.#newId(), (resetToken[0]! << 64n) | resetToken[1]!, false);
    }
  }

  #open(): Application {
    // A client that names no protocol gets an echo.
    const application = this.#applications[Buffer.from(this.#connection.applicationProto()).toString()] ?? echo;
    if (application.opening !== undefined) this.#reply(OPENING_STREAM, application.opening, false);
    this.#application = application;
    return application;
  }

  #serve(application: Application): void {
    const connection = this.#connection;
    for (const stream of connection.writable()) {
      const waiting = this.#waiting.get(stream);
      if (waiting === undefined) continue;
      this.#waiting.delete(stream);
      this.#reply(stream, waiting.bytes, waiting.fin);
    }
    for (const stream of connection.readable()) {
      while (!this.#waiting.has(stream) && !connection.streamFinished(stream)) {
        const read = connection.streamRecv(stream, chunk);
        if (read === null) break;
        const answer = isOneWay(stream) ? undefined : application.answer(chunk.subarray(0, read[0]), read[1]);
        if (answer !== undefined) this.#reply(stream, answer, read[1]);
      }
    }
  }

  #reply(stream: number, bytes: Uint8Array, fin: boolean): void {
    const taken = this.#connection.streamSend(stream, bytes, fin) ?? 0;
    if (taken < bytes.length) this.#waiting.set(stream, { bytes: bytes.slice(taken), fin });
  }
}
