/**
 * One backend of quic-echo: what its thread runs. Connection IDs that it issues name it, so that every packet of its
 * connections comes here, whatever address and port the client has by then.
 */
import type { Config } from '@matrixai/quic/native/types.js';
import { type Backend, type CidCodec, cidCodec } from 'xdpkit/quic';
import { type Application, dns, echo, http3 } from './application.js';
import { Datagram } from './datagrams.js';
import { EchoCount, type EchoData } from './echo-data.js';
import { loadOwnQuiche } from './own-quiche.js';
import { ServerConnection } from './server-connection.js';

const quiche = loadOwnQuiche();

export default function serve(backend: Backend, data: EchoData): () => void {
  const codec = cidCodec(data.codec);
  const counts = new Int32Array(data.counts);
  const connections = new Map<string, ServerConnection>();
  const datagram = new Datagram();
  const applications: Readonly<Record<string, Application>> = {
    echo,
    h3: http3(backend.id),
    doq: dns(backend.id),
  };
  const config = configFor(data, Object.keys(applications));
  backend.onBatch((batch, port) => {
    const stop = Atomics.exchange(counts, EchoCount.stop, 0);
    if (stop > 0) Atomics.wait(counts, EchoCount.stop, 0, stop);
    const { bytes, addresses, lengths } = batch;
    for (let i = 0; i < batch.count; i++) {
      if (!datagram.read(bytes, addresses[i]!, lengths[i]!)) continue;
      const { from, to } = datagram;
      const payload = bytes.subarray(datagram.start, datagram.end);
      const header = headerOf(payload, codec.idLength);
      if (header === undefined) continue;
      counts[EchoCount.packets]!++;
      const key = textOf(header.dcid);
      let connection = connections.get(key);
      if (connection === undefined && header.ty === quiche.Type.Initial && quiche.versionIsSupported(header.version)) {
        const id = codec.encode(backend.id);
        const accepted = quiche.Connection.accept(id, null, to, from, config);
        const keys = [key, textOf(id)];
        const newId = () => {
          const next = codec.encode(backend.id);
          keys.push(textOf(next));
          connections.set(textOf(next), connection!);
          return next;
        };
        connection = new ServerConnection(accepted, datagram.route(port), newId, applications, () => {
          for (const each of keys) connections.delete(each);
          backend.connections--;
        });
        for (const each of keys) connections.set(each, connection);
        backend.connections++;
        counts[EchoCount.accepted]!++;
      }
      if (connection === undefined) counts[EchoCount.unknown]!++;
      else connection.receive(payload, from, to, datagram.route(port));
      if (isStranger(codec, header.dcid, backend.id)) counts[EchoCount.strangers]!++;
    }
  });
  return () => {
    for (const connection of new Set(connections.values())) connection.close();
    backend.flush();
  };
}

/** Whether an ID of the server's making names another backend. */
function isStranger(codec: CidCodec, id: Uint8Array, own: number): boolean {
  if (id.length !== codec.idLength) return false;
  const named = codec.decode(id);
  return named >= 0 && named !== own;
}

function configFor({ certificate, key }: EchoData, alpn: string[]): Config {
  const config = quiche.Config.withBoringSslCtx(false, true, null, [key], [certificate], null);
  config.setApplicationProtos(alpn);
  config.setMaxIdleTimeout(30_000);
  config.setInitialMaxData(1 << 24);
  config.setInitialMaxStreamDataBidiRemote(1 << 20);
  config.setInitialMaxStreamDataBidiLocal(1 << 20);
  config.setInitialMaxStreamsBidi(1000);
  config.setInitialMaxStreamDataUni(1 << 16);
  config.setInitialMaxStreamsUni(10);
  config.setActiveConnectionIdLimit(4);
  config.setMaxSendUdpPayloadSize(1350);
  return config;
}

function headerOf(payload: Uint8Array, idLength: number) {
  try {
    return quiche.Header.fromSlice(payload, idLength);
  } catch {
    return undefined;
  }
}

const textOf = (id: Uint8Array): string => Buffer.from(id).toString('hex');
