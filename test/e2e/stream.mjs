// A TCP stream with its SHA-256 told at both ends.
// Arguments: `receive PORT`, which ends after one stream, or `send ADDRESS PORT BYTES`. Prints `BYTES SHA-256`.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [, , role, ...args] = process.argv;
const hash = createHash('sha256');
let bytes = 0;
const count = (chunk) => {
  hash.update(chunk);
  bytes += chunk.length;
};
const tell = () => console.log(`${bytes} ${hash.digest('hex')}`);

if (role === 'receive') {
  const server = createServer((socket) => {
    server.close();
    socket.on('data', count);
    socket.on('end', tell);
  });
  server.listen(Number(args[0]), '::', () => console.log('listening'));
} else {
  const [host, port, total] = args;
  const socket = connect({ host, port: Number(port) });
  await once(socket, 'connect');
  const block = randomBytes(1 << 20);
  while (bytes < Number(total)) {
    // Fresh enough that no two blocks are the same, and cheaper than random bytes throughout.
    block.writeUIntBE(bytes, bytes % 4096, 6);
    const chunk = Buffer.from(block.subarray(0, Math.min(block.length, Number(total) - bytes)));
    count(chunk);
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
  tell();
}
