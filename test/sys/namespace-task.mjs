// What the tests of runInNamespace run on a thread of their own.
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';

export const namespace = () => readlinkSync('/proc/thread-self/ns/net');
export const interfaces = () => Object.keys(networkInterfaces());
export const echo = (value) => value;
export const nothing = () => {};
export const leave = () => process.exit(0);
export const sleepForever = () => new Promise((resolve) => setTimeout(resolve, 1 << 30));

export function spinForever() {
  for (;;);
}

export function fail() {
  throw new Error('failed over there');
}

export async function failLater() {
  await null;
  throw new Error('failed over there, later');
}

export async function listenAndConnect(port) {
  const server = createServer((socket) => socket.end('hello'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const heard = await text(connect(port, '127.0.0.1'));
  server.close();
  return heard;
}
