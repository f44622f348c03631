import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export const UDP_PORT = 7001;
export const TCP_PORT = 7002;

/**
 * A host that answers: every UDP datagram is sent back, and for a TCP stream its SHA-256. Runs by `runInNamespace` until
 * its thread is ended.
 */
export async function serve(): Promise<never> {
  const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  udp.on('message', (data, from) => udp.send(data, from.port, from.address));
  udp.bind(UDP_PORT, '0.0.0.0');
  const tcp = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    socket.on('data', (data) => hash.update(data));
    socket.on('end', () => socket.end(hash.digest()));
    socket.on('error', () => {});
  });
  tcp.listen(TCP_PORT, '::');
  return new Promise<never>(() => {});
}
