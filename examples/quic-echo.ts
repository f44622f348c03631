/**
 * A QUIC echo server of several workers, each with AF_XDP sockets of its own: packets are steered to the worker that their
 * connection ID names, in the kernel, and go on doing so when a client changes its port or address. The interface's own address
 * is the server's; the host answers for it to ARP and neighbour discovery. ALPN is `echo`, `h3` or `doq`: a browser's requests and DNS
 * questions (`kdig +quic`) are answered with the worker's number.
 *
 *     node quic-echo.js IF PORT CERTIFICATE KEY [WORKERS]
 *
 * A certificate to try it with:
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost`
 *
 * Needs root (or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF), Linux 5.15, and the package @matrixai/quic (quiche).
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type CidCodecOptions, cidCodec, openSteering } from 'xdpkit/quic';
import { ECHO_COUNTS_BYTES, EchoCount, type EchoData } from './quic-echo/echo-data.js';

const [name = '', port = '4433', certificate = 'cert.pem', key = 'key.pem', workers = '4'] = process.argv.slice(2);
const codec: CidCodecOptions = { codec: 'cidv1' };
const module = new URL('./quic-echo/backend.js', import.meta.url);
const files = { certificate: readFileSync(certificate), key: readFileSync(key) };
const backends = Array.from({ length: Number(workers) }, (_, i) => {
  const data: EchoData = { codec, ...files, counts: new SharedArrayBuffer(ECHO_COUNTS_BYTES) };
  return { id: i + 1, module, data };
});

const steered = await openSteering(name, { codec: cidCodec(codec), ports: [Number(port)], backends });
for (const notice of steered.device.notices) console.error(notice);
console.log(`echoing QUIC port ${port} on ${name}: ${workers} workers, ${steered.steering.queues} queues`);
await Promise.race([steered.failed, once(process, 'SIGINT'), once(process, 'SIGTERM')]);
const accounts = await steered.close();
for (const { id, data } of backends) {
  const counts = new Int32Array(data.counts);
  const [packets, accepted] = [counts[EchoCount.packets], counts[EchoCount.accepted]];
  console.log(`worker ${id}: ${accepted} connections, ${packets} packets, ${counts[EchoCount.strangers]} of others`);
}
const lost = accounts.reduce((sum, account) => sum + account.lost, 0);
console.log(lost === 0 ? 'every frame is back' : `${lost} frames are lost`);
