/**
 * QUIC clients over the host's own UDP sockets, for a server that echoes streams. One JSON argument:
 * {host, port, connections, rounds | seconds, size, pause, stagger, rebind: [rounds], addresses: [own ones]}. A round is one stream with
 * `size` random bytes, to be had back. At a round of `rebind` each client's socket is replaced by another one, with another port and
 * the next address, as a NAT would do it: QUIC is not told. Prints one line of JSON when all have shaken hands, and one at the end.
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import quiche from '@matrixai/quic/native/quiche.js';

const { host, port, connections, rounds = Infinity, seconds = Infinity, ...rest } = JSON.parse(process.argv[2]);
/**
 * `stagger`: milliseconds between the first rounds of two clients. A thousand that change their port in the same moment would be a test
 * of this process: quiche's server gives a new path up after three PTOs, some milliseconds here, without an answer.
 */
const { size = 1000, pause = 0, stagger = 20, rebind = [], addresses } = rest;
/** Milliseconds for one round, or the handshake: a busy machine is slow, not wrong. */
const PATIENCE = 60_000;
/** Milliseconds between two PINGs: a thousand handshakes may take longer than an idle connection lives. */
const PING = 5000;

const config = quiche.Config.withBoringSslCtx(false, true, null, null, null, null);
config.setApplicationProtos(['echo']);
config.setMaxIdleTimeout(60_000);
config.setInitialMaxData(1 << 24);
config.setInitialMaxStreamDataBidiLocal(1 << 20);
config.setInitialMaxStreamsBidi(10);
config.setActiveConnectionIdLimit(4);
config.setMaxSendUdpPayloadSize(1350);

const out = new Uint8Array(1350);
const chunk = new Uint8Array(65_536);
const remote = { host, port };

class Client {
  echoed = 0;
  wrong = 0;
  failure = undefined;
  ids = new Set();
  #local;
  #socket;
  #timer;
  #pings;
  #wake = () => {};
  #received = Buffer.alloc(0);
  #stream = 0;

  async open(index) {
    await this.#bind(index);
    const { address, port: own } = this.#socket.address();
    // What it believes to be its address, whatever a NAT makes of it.
    this.#local = { host: address, port: own };
    this.connection = quiche.Connection.connect('q.test', randomBytes(16), this.#local, remote, config);
    this.#send();
    await this.#until(() => this.connection.isEstablished(), 'the handshake');
    while (this.connection.sourceCidsLeft() > 0) {
      this.connection.newSourceCid(randomBytes(16), randomBytes(16).readBigUInt64LE(), false);
    }
    this.#send();
    this.#pings = setInterval(() => {
      this.connection.sendAckEliciting();
      this.#send();
    }, PING);
  }

  async round() {
    const sent = randomBytes(size);
    const stream = this.#stream;
    this.#stream += 4;
    this.#received = Buffer.alloc(0);
    for (let done = 0; done < size; ) {
      done += this.connection.streamSend(stream, sent.subarray(done), true) ?? 0;
      this.#send();
      if (done < size) await this.#until(() => this.connection.streamCapacity(stream) > 0, 'room to send');
    }
    await this.#until(() => this.#received.length >= size, `an echo (${this.#received.length} of ${size})`);
    if (this.#received.equals(sent)) this.echoed++;
    else this.wrong++;
    this.ids.add(Buffer.from(this.connection.destinationId()).toString('hex'));
  }

  async rebind(index) {
    const before = this.#socket;
    await this.#bind(index);
    before.close();
  }

  close() {
    clearInterval(this.#pings);
    if (!this.connection.isClosed()) this.connection.close(true, 0, new Uint8Array());
    this.#send();
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  async #bind(index) {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, addresses[index % addresses.length]);
    await once(socket, 'listening');
    socket.on('message', (message) => {
      try {
        this.connection.recv(message, { from: remote, to: this.#local });
      } catch {
        return;
      }
      for (const stream of this.connection.readable()) {
        for (;;) {
          if (this.connection.streamFinished(stream)) break;
          const read = this.connection.streamRecv(stream, chunk);
          if (read === null) break;
          this.#received = Buffer.concat([this.#received, chunk.subarray(0, read[0])]);
        }
      }
      this.#send();
      this.#wake();
    });
    this.#socket = socket;
  }

  #send() {
    for (let produced = this.connection.send(out); produced !== null; produced = this.connection.send(out)) {
      this.#socket.send(out.slice(0, produced[0]), port, host);
    }
    clearTimeout(this.#timer);
    const wait = this.connection.timeout();
    if (wait === null) return;
    this.#timer = setTimeout(() => {
      this.connection.onTimeout();
      this.#send();
      this.#wake();
    }, wait);
  }

  #whyClosed() {
    if (this.connection.isTimedOut()) return 'it was idle for too long';
    const { errorCode, reason } = this.connection.peerError() ?? this.connection.localError() ?? {};
    return `error ${errorCode} ${Buffer.from(reason ?? []).toString()}`;
  }

  async #until(done, what) {
    const end = performance.now() + PATIENCE;
    while (!done()) {
      if (this.connection.isClosed()) throw new Error(`closed (${this.#whyClosed()}) while waiting for ${what}`);
      const left = end - performance.now();
      if (left <= 0) throw new Error(`no ${what}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

const clients = Array.from({ length: connections }, () => new Client());
const guard = async (client, work) => {
  try {
    if (client.failure === undefined) await work();
  } catch (error) {
    client.failure = error.message;
  }
};
// Not all in the same moment: that would be a test of the server's buffers.
for (let i = 0; i < clients.length; i += 16) {
  await Promise.all(clients.slice(i, i + 16).map((client, j) => guard(client, () => client.open(i + j))));
}
console.log(JSON.stringify({ established: clients.filter(({ failure }) => failure === undefined).length }));
const end = performance.now() + seconds * 1000;
await Promise.all(
  clients.map((client, index) =>
    guard(client, async () => {
      await sleep(index * stagger);
      for (let round = 0; round < rounds && performance.now() < end; round++) {
        if (rebind.includes(round)) await client.rebind(index + 1);
        await client.round();
        if (pause > 0) await sleep(pause);
      }
    }),
  ),
);
const report = clients.map(({ echoed, wrong, failure, ids }) => ({ echoed, wrong, failure, ids: [...ids] }));
for (const client of clients) client.close();
console.log(JSON.stringify({ clients: report }));
process.exit();
