// needs: ip
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createNamespace,
  createVeth,
  deleteNamespace,
  findNamespace,
  getLink,
  listLinks,
  listNamespaces,
  namespaceIdentity,
} from '../../dist/netdev/index.js';
import { failOnLeaks, run } from './oracle.js';

const A = `netdev-test-${process.pid}-a`;
const B = `netdev-test-${process.pid}-b`;
const namesOfIp = () =>
  run('ip netns list')
    .split('\n')
    .map((line) => line.split(' ')[0]);

afterEach(() => {
  for (const name of [A, B]) if (existsSync(`/run/netns/${name}`)) run(`ip netns delete ${name}`);
});
failOnLeaks();

describe('named namespaces', () => {
  test('ours serve ip netns', () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    createNamespace(A);
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    expect(readlinkSync('/proc/self/ns/net')).toBe(home);
    expect(namesOfIp()).toContain(A);
    expect(run('readlink /proc/self/ns/net', A).trim()).not.toBe(home);
    expect(run('ip -br link', A)).toMatch(/^lo /);
    run(`ip netns delete ${A}`);
    expect(listNamespaces()).not.toContain(A);
  });

  test('those of ip netns serve us', () => {
    run(`ip netns add ${A}`);
    expect(listNamespaces()).toContain(A);
    expect(listLinks({ netns: A }).map(({ name }) => name)).toEqual(['lo']);
    expect(listLinks({ netns: `/run/netns/${A}` })).toEqual(listLinks({ netns: A }));
    deleteNamespace(A);
    expect(namesOfIp()).not.toContain(A);
    expect(existsSync(`/run/netns/${A}`)).toBe(false);
  });

  test('a deleted one is really let go', async () => {
    createNamespace(A);
    createVeth({ name: 'ndgone0', peer: { name: 'ndgone1', netns: A } });
    deleteNamespace(A);
    // The kernel takes a namespace apart on a work queue; the pair goes with it.
    for (let tries = 0; tries < 100 && listLinks().some(({ name }) => name === 'ndgone0'); tries++) await sleep(50);
    expect(() => getLink('ndgone0')).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_INTERFACE' }));
  });

  test('a name that is taken, impossible or unknown', () => {
    createNamespace(A);
    expect(() => createNamespace(A)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
    for (const name of ['', '.', '..', 'a/b', 'x'.repeat(256)]) {
      expect(() => createNamespace(name)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
    }
    deleteNamespace(A);
    expect(() => deleteNamespace(A)).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_NAMESPACE' }));
  });
});

describe('findNamespace', () => {
  test('a named one', () => {
    createNamespace(A);
    createNamespace(B);
    createVeth({ name: 'f0', netns: A, peer: { name: 'f1', netns: B } });
    const id = getLink('f0', { netns: A }).peer?.netnsId;
    expect(id).toBeTypeOf('number');
    expect(findNamespace(id!, { netns: A })).toBe(`/run/netns/${B}`);
    expect(findNamespace(id! + 1000, { netns: A })).toBeUndefined();
  });

  test('one that only has a process in it', async () => {
    createNamespace(A);
    const child = spawn('unshare', ['--net', 'sleep', '60']);
    try {
      const path = `/proc/${child.pid}/ns/net`;
      await once(child, 'spawn');
      for (let tries = 0; tries < 100; tries++) {
        if (namespaceIdentity(path) !== namespaceIdentity('/proc/self/ns/net')) break;
        await sleep(20);
      }
      createVeth({ name: 'f0', netns: A, peer: { name: 'f1', netns: path } });
      const id = getLink('f0', { netns: A }).peer?.netnsId;
      expect(findNamespace(id!, { netns: A })).toBe(path);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
