import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { XdpError } from '../../sys/index.js';
import { LIMITS } from '../interpreter/limits.js';
import { LineSplitter } from './line-splitter.js';
import { type Answer, encode, PROTOCOL_VERSION, parseObject, type Request } from './protocol.js';
import type { ConsolePlace } from './socket-places.js';

/** Bytes of an answer: more than any report has. */
const LONGEST_ANSWER = 1 << 28;
/** Milliseconds. */
const PATIENCE = 10_000;

/** Hears the answers to one request. */
type Listener = (answer: Answer) => void;

interface Waiting {
  readonly hear: Listener;
  readonly fail: (error: XdpError) => void;
}

/** A console's end of the connection to a process. */
export class ConsoleClient implements Disposable {
  readonly place: ConsolePlace;
  /** Rejects when the process hangs up; does not resolve. */
  readonly hungUp: Promise<never>;
  readonly #socket: Socket;
  readonly #splitter: LineSplitter = new LineSplitter(LONGEST_ANSWER);
  #waiting: Waiting[] = [];
  #end: XdpError | undefined;

  private constructor(place: ConsolePlace, socket: Socket) {
    this.place = place;
    this.#socket = socket;
    socket.on('data', (chunk) => {
      for (const line of this.#splitter.feed(chunk)) this.#receive(line);
    });
    this.hungUp = new Promise((_, reject) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#end ??= noConsole(place, 'hung up');
        for (const { fail } of this.#waiting) fail(this.#end);
        reject(this.#end);
      });
    });
    this.hungUp.catch(() => {});
  }

  /**
   * @param patience milliseconds until the process has to greet
   * @throws XDP_ERR_NO_CONSOLE, XDP_ERR_PERMISSION
   */
  static async connect(place: ConsolePlace, patience: number = PATIENCE): Promise<ConsoleClient> {
    const socket = connect(place.path);
    try {
      await once(socket, 'connect');
    } catch (error) {
      const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
      if (!denied) throw noConsole(place, 'does not answer', error);
      throw new XdpError('XDP_ERR_PERMISSION', `${place.path} belongs to another user`, { cause: error });
    }
    const client = new ConsoleClient(place, socket);
    // The process speaks first; one that is stopped does not.
    const silence = setTimeout(() => client.#endWith('does not answer'), patience);
    await client.#expect((answer) => answer).finally(() => clearTimeout(silence));
    return client;
  }

  /**
   * Runs a line in the process.
   *
   * @param data whether reports come as data instead of text
   * @param hear is called with each answer, the last one is `done`
   * @throws XDP_ERR_NO_CONSOLE
   */
  async run(line: string, data: boolean, hear: Listener): Promise<Extract<Answer, { type: 'done' }>> {
    // One character too many is refused like a thousand, and in a way that does not end the session.
    return this.#ask({ type: 'run', line: line.slice(0, LIMITS.line + 1), data }, (answer) => {
      hear(answer);
      return answer.type === 'done' ? answer : undefined;
    });
  }

  /** The names of all words. @throws XDP_ERR_NO_CONSOLE */
  async names(): Promise<readonly string[]> {
    return this.#ask({ type: 'names' }, (answer) => (answer.type === 'names' ? answer.names : undefined));
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #ask<T>(request: Request, hear: (answer: Answer) => T | undefined): Promise<T> {
    const answered = this.#expect(hear);
    this.#socket.write(encode(request));
    return answered;
  }

  /** Resolves with the first answer that `hear` makes something of. */
  #expect<T>(hear: (answer: Answer) => T | undefined): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        hear: (answer) => {
          const result = hear(answer);
          if (result === undefined) return;
          this.#waiting = this.#waiting.filter((each) => each !== waiting);
          resolve(result);
        },
        fail: reject,
      };
      this.#waiting.push(waiting);
    });
  }

  #receive(line: string): void {
    const answer = parseObject(line) as Answer | undefined;
    const why = refusalIn(answer);
    if (answer !== undefined && why === undefined) {
      // Answers come in the order of the requests.
      this.#waiting[0]?.hear(answer);
    } else {
      this.#endWith(why ?? 'speaks another language');
    }
  }

  #endWith(why: string): void {
    this.#end ??= noConsole(this.place, why);
    this.#socket.destroy();
  }
}

/** Why nobody can go on after an answer, if so. */
function refusalIn(answer: Answer | undefined): string | undefined {
  if (answer?.type === 'refused') return `refused: ${answer.message}`;
  if (answer?.type !== 'hello' || answer.version === PROTOCOL_VERSION) return undefined;
  return `is another version of xdpkit, with console protocol ${answer.version}`;
}

function noConsole({ name, pid }: ConsolePlace, why: string, cause?: unknown): XdpError {
  return new XdpError('XDP_ERR_NO_CONSOLE', `${name} (process ${pid}) ${why}`, { cause });
}
