import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { Running, succeed } from '../e2e/running.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLIENTS = fileURLToPath(new URL('./echo-clients.mjs', import.meta.url));

export interface ClientsOptions {
  readonly connections: number;
  readonly rounds?: number;
  readonly seconds?: number;
  /** Bytes of an echo. */
  readonly size?: number;
  /** Milliseconds between two. */
  readonly pause?: number;
  /** Milliseconds between the first rounds of two clients. Default 20. */
  readonly stagger?: number;
  /** Rounds before which each client's port and address change. */
  readonly rebind?: readonly number[];
  readonly ipv6?: boolean;
}

export interface ClientReport {
  readonly echoed: number;
  readonly wrong: number;
  readonly failure?: string;
  /** IDs of the server that it used, in hex. */
  readonly ids: readonly string[];
}

const SERVER = { v4: '10.66.0.1', v6: 'fd66::1' };
const OWN = { v4: ['10.66.0.2', '10.66.0.3'], v6: ['fd66::2', 'fd66::3'] };

/** A server's interface with several queues, and a host with clients on the other end. */
export class QuicBed implements Disposable {
  readonly lab: Lab;
  readonly netns: string;
  readonly clientNetns: string;
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  /** A certificate and its key are files there. */
  readonly folder: string;

  constructor(queues = 4) {
    this.lab = createLab('quic');
    this.netns = this.lab.namespace('server');
    this.clientNetns = this.lab.namespace('clients');
    const addresses = [...OWN.v4.map((address) => `${address}/24`), ...OWN.v6.map((address) => `${address}/64`)];
    const server = { name: 'port0', netns: this.netns, queues, addresses: [`${SERVER.v4}/24`, `${SERVER.v6}/64`] };
    this.lab.veth({ ...server, peer: { name: 'eth0', netns: this.clientNetns, queues, addresses } });
    this.folder = mkdtempSync(join(tmpdir(), 'xdpkit-quic-'));
    const [key, certificate] = [join(this.folder, 'key.pem'), join(this.folder, 'cert.pem')];
    const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=q.test -keyout ${key} -out ${certificate}`;
    execFileSync('openssl', request.split(' '), { stdio: 'ignore' });
    this.key = readFileSync(key);
    this.certificate = readFileSync(certificate);
  }

  /** Starts clients on a process of their own. */
  clients({ ipv6 = false, ...options }: ClientsOptions): QuicClients {
    const [host, addresses] = ipv6 ? [SERVER.v6, OWN.v6] : [SERVER.v4, OWN.v4];
    const argument = JSON.stringify({ host, port: 4433, addresses, ...options });
    return new QuicClients(new Running([process.execPath, CLIENTS, argument], { netns: this.clientNetns }));
  }

  [Symbol.dispose](): void {
    this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Clients that run. */
export class QuicClients implements AsyncDisposable {
  readonly #running: Running;

  constructor(running: Running) {
    this.#running = running;
  }

  /** Waits until all have shaken hands. @returns how many could */
  async established(milliseconds = 60_000): Promise<number> {
    const [line] = await this.#running.says(/^\{"established".*\n/, milliseconds);
    return (JSON.parse(line) as { established: number }).established;
  }

  async finished(milliseconds = 60_000): Promise<readonly ClientReport[]> {
    const { status, stdout, stderr } = await this.#running.end(milliseconds);
    const last = stdout.trim().split('\n').at(-1);
    if (status !== 0 || last === undefined) throw new Error(`the clients ended with ${status}: ${stderr}`);
    return (JSON.parse(last) as { clients: ClientReport[] }).clients;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

/** Compiles examples/, once for a test file. @returns where its JavaScript is */
export async function buildExamples(): Promise<string> {
  await succeed(
    [process.execPath, `${ROOT}node_modules/typescript/bin/tsc`, '-p', `${ROOT}tsconfig.examples.json`],
    {},
    60_000,
  );
  return `${ROOT}temp/examples/`;
}
