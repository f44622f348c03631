import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { UDP_PORT } from './server.js';

export interface UdpResult {
  readonly sent: number;
  /** Datagrams that came back with every byte as it was sent. */
  readonly intact: number;
  readonly bytes: number;
}

/** Datagrams under way at once: few enough for any socket buffer, so that none may be lost. */
const WINDOW = 64;
/** Milliseconds without an answer after which the rest counts as lost. */
const PATIENCE = 2000;
const SIZES = [18, 512, 1200, 1472];

/** Sends random datagrams of several sizes to a host that echoes them, and compares what comes back. */
export async function exchangeDatagrams(target: string, count: number): Promise<UdpResult> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  try {
    await reachable(socket, target);
    return await exchange(socket, target, count);
  } finally {
    socket.close();
  }
}

function exchange(socket: Socket, target: string, count: number): Promise<UdpResult> {
  const expected = new Map<number, string>();
  const digest = (data: Uint8Array) => createHash('sha1').update(data).digest('base64');
  let sent = 0;
  let intact = 0;
  let bytes = 0;
  return new Promise((resolve) => {
    const finish = () => resolve({ sent, intact, bytes });
    let timer = setTimeout(finish, PATIENCE);
    const fill = () => {
      while (sent < count && expected.size < WINDOW) {
        const data = randomBytes(SIZES[sent % SIZES.length]!);
        data.writeUInt32BE(sent, 0);
        expected.set(sent, digest(data));
        bytes += data.length;
        sent++;
        socket.send(data, UDP_PORT, target);
      }
    };
    socket.on('message', (data) => {
      if (data.length < 4) return;
      const sequence = data.readUInt32BE(0);
      if (expected.get(sequence) === digest(data)) intact++;
      expected.delete(sequence);
      clearTimeout(timer);
      timer = setTimeout(finish, PATIENCE);
      if (sent === count && expected.size === 0) {
        clearTimeout(timer);
        finish();
      } else fill();
    });
    fill();
  });
}

/** Waits until the echo answers: the other host's thread may still be starting. */
async function reachable(socket: Socket, target: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = new Promise<boolean>((resolve) => {
      socket.once('message', () => resolve(true));
      setTimeout(resolve, 50, false);
    });
    socket.send('?', UDP_PORT, target);
    if (await answer) break;
  }
  socket.removeAllListeners('message');
}
