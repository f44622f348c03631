import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { XdpError } from '../../sys/index.js';
import { Interpreter, type LineResult } from '../interpreter/interpreter.js';
import { seededRandom } from '../interpreter/seeded-random.js';
import type { PipelineControl } from '../pipeline/pipeline-control.js';
import { pipelineWords } from '../pipeline/pipeline-words.js';
import { vendorOfMac } from '../pipeline/vendor.js';
import { BUILT_IN_WORDS } from '../words/built-in-words.js';
import { serveSession } from './console-session.js';
import { probeSocket } from './probe-socket.js';
import { encode, PROTOCOL_VERSION } from './protocol.js';
import { socketPath } from './socket-places.js';
import { readWordsFile } from './words-file.js';

export interface ConsoleServerOptions {
  /** What `xdpkit console --target` calls it: 1 to 32 letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  readonly control: PipelineControl;
  /**
   * A file of words to run first; what it defines, every session has. Without it `/etc/xdpkit.rpcl` is run if it is there;
   * `false`: none.
   */
  readonly startup?: string | false | undefined;
  /** For random words: 0 to 2^32 - 1. Without it, they differ each time. */
  readonly seed?: number | undefined;
}

const STARTUP = '/etc/xdpkit.rpcl';
/** Sessions at once. */
const MOST_SESSIONS = 16;

/**
 * Lets consoles steer a pipeline, over a Unix socket that only this user and root can open. Each session has an
 * interpreter of its own. Lines run between other work of this thread, for at most a second or two; no packet waits for
 * them where workers move the packets.
 */
export class ConsoleServer implements AsyncDisposable {
  /** The socket. */
  readonly path: string;
  /** What came of the start-up file; undefined when there was none. */
  readonly startup: LineResult | undefined;
  readonly #server: Server;
  readonly #sessions: Set<Socket> = new Set();
  readonly #first: Interpreter;
  readonly #name: string;

  private constructor(path: string, options: ConsoleServerOptions) {
    this.path = path;
    this.#name = options.name;
    const random = seededRandom(options.seed ?? randomBytes(4).readUInt32LE());
    const words = [...BUILT_IN_WORDS, ...pipelineWords(options.control, vendorOfMac)];
    this.#first = new Interpreter(words, { random, readFile: readWordsFile });
    this.startup = this.#startUp(options.startup);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /**
   * Runs the start-up file, and listens.
   *
   * @throws XDP_ERR_USAGE for a name that is none, or has a console in this process already; XDP_ERR_PERMISSION,
   *   XDP_ERR_SYSTEM when there can be no socket
   */
  static async open(options: ConsoleServerOptions): Promise<ConsoleServer> {
    const { name } = options;
    const path = socketPath(name);
    if (await probeSocket({ path, name, pid: process.pid })) {
      throw new XdpError('XDP_ERR_USAGE', `this process has a console of the name ${name} already`);
    }
    // What a dead process of the same number left behind: in a container the number is often the same.
    rmSync(path, { force: true });
    const server = new ConsoleServer(path, options);
    await server.#listen();
    return server;
  }

  /** Ends all sessions and removes the socket. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    // It removes the socket as well.
    this.#server.close();
    for (const socket of this.#sessions) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.path);
    try {
      await once(this.#server, 'listening');
      chmodSync(this.path, 0o600);
    } catch (error) {
      throw new XdpError('XDP_ERR_SYSTEM', `the console can't listen at ${this.path}`, { cause: error });
    }
  }

  #startUp(file: string | false | undefined): LineResult | undefined {
    if (file === false) return undefined;
    const result = this.#first.runFile(file ?? STARTUP);
    if (result !== undefined || file === undefined) return result;
    return { outputs: [], notices: [], failure: { word: 'load', message: `${file} is not there` } };
  }

  #accept(socket: Socket): void {
    // Whoever goes away in the middle is no error of this process.
    socket.on('error', () => {});
    if (this.#sessions.size >= MOST_SESSIONS) {
      socket.end(encode({ type: 'refused', message: `there are ${MOST_SESSIONS} consoles already` }));
      socket.resume();
      return;
    }
    this.#sessions.add(socket);
    socket.on('close', () => this.#sessions.delete(socket));
    socket.write(encode({ type: 'hello', version: PROTOCOL_VERSION, pid: process.pid, name: this.#name }));
    void serveSession(socket, this.#first.fork());
  }
}
