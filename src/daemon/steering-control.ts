import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { allFolders, ownFolder } from '../console/index.js';
import type { SteeredBackendOptions, SteeredInterface, SteeringSample } from '../quic/index.js';
import { ERROR_CODES, type ErrorCode, XdpError } from '../sys/index.js';
import { findRun } from './runs.js';

const FOLDER = 'quic';
/** Of the runs that `xdpkit status` lists. */
export const STEER_COMMAND = 'quic steer';
/** Bytes of a request. */
const LONGEST = 65_536;

/** What a command can ask of a steering that runs. */
export type SteeringRequest =
  | { readonly type: 'list' }
  | { readonly type: 'top'; readonly count: number }
  | { readonly type: 'add'; readonly backend: SteeredBackendOptions }
  | { readonly type: 'weigh'; readonly id: number; readonly weight: number }
  | { readonly type: 'drain' | 'activate' | 'remove'; readonly id: number };

/** A connection ID in hexadecimal digits, with its packets. */
export interface HeavyId {
  readonly id: string;
  readonly packets: number;
  /** The backend that it names, if it names one. */
  readonly backend: number | null;
}

/** Lets commands change a steering, over a Unix socket that only this user and root can open: HTTP, a POST of JSON. */
export class SteeringServer implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #steered: SteeredInterface;
  readonly #decode: (id: Uint8Array) => number;

  private constructor(path: string, steered: SteeredInterface, decode: (id: Uint8Array) => number) {
    this.path = path;
    this.#steered = steered;
    this.#decode = decode;
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
  }

  /** @param decode the codec's @throws XDP_ERR_SYSTEM, XDP_ERR_PERMISSION */
  static async open(
    name: string,
    steered: SteeredInterface,
    decode: (id: Uint8Array) => number,
  ): Promise<SteeringServer> {
    const path = join(ownFolder(FOLDER), `${process.pid}-${name}.sock`);
    // What a dead process of the same number left behind.
    rmSync(path, { force: true });
    const server = new SteeringServer(path, steered, decode);
    try {
      server.#server.listen(path);
      await once(server.#server, 'listening');
      chmodSync(path, 0o600);
    } catch (cause) {
      throw new XdpError('XDP_ERR_SYSTEM', `commands can't be heard at ${path}`, { cause });
    }
    return server;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(JSON.parse(await textOf(incoming)) as SteeringRequest);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      const known = error instanceof XdpError ? error : new XdpError('XDP_ERR_USAGE', (error as Error).message);
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(known));
    }
  }

  async #answer(asked: SteeringRequest): Promise<object> {
    const steered = this.#steered;
    switch (asked.type) {
      case 'list':
        return steered.sample();
      case 'top':
        return this.#top(asked.count);
      case 'add':
        await steered.add(asked.backend);
        break;
      case 'weigh':
        steered.weigh(asked.id, asked.weight);
        break;
      case 'drain':
        steered.drain(asked.id);
        break;
      case 'activate':
        steered.activate(asked.id);
        break;
      case 'remove':
        await steered.remove(asked.id);
        break;
      default:
        throw new XdpError('XDP_ERR_USAGE', 'this is no request');
    }
    return steered.sample();
  }

  #top(count: number): HeavyId[] {
    return this.#steered.steering.heaviest(count).map(({ id, packets }) => {
      const server = this.#decode(id);
      return { id: Buffer.from(id).toString('hex'), packets, backend: server < 0 ? null : server };
    });
  }
}

/**
 * Asks a steering that runs.
 *
 * @param target name or number of its process; without it the only one that steers
 * @throws XDP_ERR_NOT_RUNNING when there is none, and what the steering throws
 */
export async function askSteering(
  target: string | undefined,
  asked: Exclude<SteeringRequest, { readonly type: 'top' }>,
): Promise<SteeringSample>;
export async function askSteering(
  target: string | undefined,
  asked: Extract<SteeringRequest, { readonly type: 'top' }>,
): Promise<readonly HeavyId[]>;
export async function askSteering(target: string | undefined, asked: SteeringRequest): Promise<unknown> {
  const { name, pid } = findRun(target, STEER_COMMAND);
  for (const folder of allFolders(FOLDER)) {
    const answer = await post(join(folder, `${pid}-${name}.sock`), asked);
    if (answer !== undefined) return answer;
  }
  throw new XdpError('XDP_ERR_NOT_RUNNING', `${name} (process ${pid}) does not answer`);
}

/** @returns undefined when nobody is there */
async function post(path: string, asked: SteeringRequest): Promise<unknown> {
  const sent = request({ socketPath: path, method: 'POST', path: '/' });
  sent.end(JSON.stringify(asked));
  let response: IncomingMessage;
  try {
    [response] = (await once(sent, 'response')) as [IncomingMessage];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new XdpError('XDP_ERR_PERMISSION', `${path} belongs to another user`, { cause: error });
    return undefined;
  }
  const answer = JSON.parse(await textOf(response, Number.POSITIVE_INFINITY)) as Record<string, unknown>;
  if (response.statusCode === 200) return answer;
  const { code, message, advice } = answer as { code: string; message: string; advice?: string };
  throw new XdpError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'XDP_ERR_INTERNAL', message, { advice });
}

async function textOf(message: IncomingMessage, longest = LONGEST): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longest) throw new XdpError('XDP_ERR_USAGE', `a request has at most ${longest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
