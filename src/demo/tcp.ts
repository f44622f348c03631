import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { TCP_PORT } from './server.js';

export interface TcpResult {
  readonly bytes: number;
  readonly seconds: number;
  /** SHA-256 of what was sent, and of what the other host received; hexadecimal. */
  readonly sent: string;
  readonly received: string;
}

const CHUNK = 1 << 20;

/** Copies random bytes to a host that answers with their SHA-256. */
export async function copyStream(target: string, bytes: number): Promise<TcpResult> {
  const socket = await reach(target);
  try {
    const hash = createHash('sha256');
    // One random block, sent again and again with its place written in: random bytes at 1 GB/s would cost a processor.
    const block = randomBytes(CHUNK);
    const start = performance.now();
    for (let at = 0; at < bytes; at += CHUNK) {
      const chunk = Buffer.from(block.subarray(0, Math.min(CHUNK, bytes - at)));
      chunk.writeUInt32BE(at / CHUNK, 0);
      hash.update(chunk);
      if (!socket.write(chunk)) await once(socket, 'drain');
    }
    const answer: Buffer[] = [];
    socket.on('data', (data) => answer.push(data));
    socket.end();
    await once(socket, 'end');
    const seconds = (performance.now() - start) / 1000;
    return { bytes, seconds, sent: hash.digest('hex'), received: Buffer.concat(answer).toString('hex') };
  } finally {
    socket.destroy();
  }
}

/** Connects; the other host's thread may still be starting. */
async function reach(target: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = connect({ host: target, port: TCP_PORT, allowHalfOpen: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
