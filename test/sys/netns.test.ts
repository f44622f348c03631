import { readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { openNamespace, runInNamespace, withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();
const OWN = '/proc/thread-self/ns/net';
const module = new URL('./namespace-task.mjs', import.meta.url);
let lab: Lab;
let netns: string;

beforeAll(() => {
  lab = createLab('sys');
  netns = lab.namespace('a');
});
afterAll(() => lab.close());

const missing = expect.objectContaining({ code: 'XDP_ERR_NO_NAMESPACE' });

describe('withNamespace', () => {
  test('goes there and comes back', () => {
    const home = readlinkSync(OWN);
    const there = withNamespace(netns, () => readlinkSync(OWN));
    expect(there).not.toBe(home);
    expect(withNamespace(`/run/netns/${netns}`, () => readlinkSync(OWN))).toBe(there);
    expect(readlinkSync(OWN)).toBe(home);
  });

  test('comes back from a function that throws', () => {
    const home = readlinkSync(OWN);
    expect(() =>
      withNamespace<void>(netns, () => {
        throw new Error('thrown there');
      }),
    ).toThrow('thrown there');
    expect(readlinkSync(OWN)).toBe(home);
  });

  test('nests', () => {
    const home = readlinkSync(OWN);
    const other = lab.namespace('b');
    const seen: string[] = [];
    withNamespace(netns, () => {
      seen.push(readlinkSync(OWN));
      seen.push(withNamespace(other, () => readlinkSync(OWN)));
      seen.push(readlinkSync(OWN));
    });
    expect(seen[0]).toBe(seen[2]);
    expect(new Set([...seen, home]).size).toBe(3);
    expect(readlinkSync(OWN)).toBe(home);
  });

  test('a namespace that is not there, and one that is no namespace', () => {
    expect(() => withNamespace('xdpkit-none', () => 0)).toThrow(missing);
    expect(() => openNamespace('/run/netns/xdpkit-none')).toThrow(missing);
    const home = readlinkSync(OWN);
    expect(() => withNamespace('/dev/null', () => 0)).toThrow(
      expect.objectContaining({
        code: 'XDP_ERR_NO_NAMESPACE',
        message: expect.stringMatching(/ is no network namespace$/),
      }),
    );
    expect(readlinkSync(OWN)).toBe(home);
  });
});

describe('runInNamespace', () => {
  test('runs the function of a module there, and leaves this thread at home', async () => {
    const home = readlinkSync(OWN);
    const path = await runInNamespace({ netns, module, name: 'namespace', args: [] });
    expect(path).toBe(withNamespace(netns, () => readlinkSync(OWN)));
    expect(await runInNamespace({ netns, module, name: 'interfaces', args: [] })).toEqual(['lo']);
    expect(Object.keys(networkInterfaces())).toContain('lo');
    expect(readlinkSync(OWN)).toBe(home);
  });

  test("Node's own sockets belong to the namespace", async () => {
    // The same port twice on one address: only two namespaces allow that.
    const listen = { module, name: 'listenAndConnect', args: [47_311] };
    const both = await Promise.all([
      runInNamespace({ ...listen, netns }),
      runInNamespace({ ...listen, netns: lab.namespace('b') }),
    ]);
    expect(both).toEqual(['hello', 'hello']);
  });

  test('clones arguments and result', async () => {
    const value = { list: [1, 'two'], map: new Map([[1, new Uint8Array([3])]]), nothing: undefined };
    expect(await runInNamespace({ netns, module, name: 'echo', args: [value] })).toEqual(value);
    expect(await runInNamespace({ netns, module, name: 'nothing', args: [] })).toBeUndefined();
  });

  test('an error there is an error here', async () => {
    const run = (name: string, where = netns) => runInNamespace({ netns: where, module, name, args: [] });
    await expect(run('fail')).rejects.toThrow('failed over there');
    await expect(run('failLater')).rejects.toThrow('failed over there, later');
    await expect(run('noSuchFunction')).rejects.toThrow('exports no noSuchFunction');
    await expect(run('leave')).rejects.toThrow(expect.objectContaining({ code: 'XDP_ERR_WORKER' }));
    await expect(run('interfaces', 'xdpkit-none')).rejects.toThrow(missing);
  });

  test('a signal ends it, also when it never yields', async () => {
    for (const name of ['sleepForever', 'spinForever']) {
      const controller = new AbortController();
      const running = runInNamespace({ netns, module, name, args: [], signal: controller.signal });
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 150);
      await expect(running).rejects.toBe(reason);
    }
    const signal = AbortSignal.abort();
    await expect(runInNamespace({ netns, module, name: 'interfaces', args: [], signal })).rejects.toBe(signal.reason);
  });
});
