// needs: ip, ethtool
import { exec, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createLab,
  getLink,
  type Lab,
  type Link,
  type LinkEvent,
  type LinkWatch,
  listLinks,
  setChannels,
  setFeatures,
  Tap,
  watchLinks,
} from '../../dist/netdev/index.js';
import { currentBackend, Errno, useBackend } from '../../dist/sys/index.js';
import { patient } from '../patience.js';
import { failOnLeaks, run } from './oracle.js';

failOnLeaks();
let lab: Lab;
let left: string;
let right: string;
let watch: LinkWatch;
/** What was told and not yet looked at. */
let events: LinkEvent[];
let taking: Promise<void>;

beforeEach(() => {
  lab = createLab('watch');
  left = lab.namespace('left');
  right = lab.namespace('right');
  // So that no two ends have the same index: the kernel is slow to tell of the carriers of such pairs.
  run(`ip -n ${right} link add spare type bridge`);
  lab.veth({ name: 'w0', netns: left, queues: 4, peer: { name: 'w1', netns: right, queues: 4 } });
  watch = watchLinks({ netns: left });
  events = [];
  taking = (async () => {
    for await (const event of watch) events.push(event);
  })();
});
afterEach(async () => {
  watch.close();
  useBackend(undefined);
  lab.close();
  await taking.catch(() => {});
});

const words = (event: LinkEvent) => `${event.type} ${event.link.name}`;

/** What was told since this was last asked, once it is so many events; fails when they are others. */
async function expectEvents(...expected: string[]): Promise<LinkEvent[]> {
  await vi.waitFor(() => expect(events.map(words)).toEqual(expected));
  return events.splice(0);
}

/** What events are about. */
const told = ({ index, name, up, carrier, mtu, rxQueues, txQueues }: Link) => ({
  index,
  name,
  up,
  carrier,
  mtu,
  rxQueues,
  txQueues,
});
const byIndex = (a: Link, b: Link) => a.index - b.index;

/** What is known equals what is asked for anew, once the kernel has said all there was to say. */
async function expectUpToDate(): Promise<void> {
  await vi.waitFor(() => {
    const asked = listLinks({ netns: left }).sort(byIndex);
    expect([...watch.links.values()].sort(byIndex).map(told)).toEqual(asked.map(told));
  });
}

function batch(lines: readonly string[], netns: string = left): void {
  execFileSync('ip', ['-n', netns, '-batch', '-'], { input: lines.join('\n'), timeout: patient(20_000) });
}

describe('changes made from outside', () => {
  test('down and up', async () => {
    run(`ip -n ${left} link set w0 down`);
    const [down] = await expectEvents('down w0', 'no-carrier w0');
    expect(down).toMatchObject({ link: { up: false, carrier: false }, before: { up: true, carrier: true } });
    run(`ip -n ${left} link set w0 up`);
    await expectEvents('up w0', 'carrier w0');
    await expectUpToDate();
  });

  test("the peer's carrier", async () => {
    run(`ip -n ${right} link set w1 down`);
    const [lost] = await expectEvents('no-carrier w0');
    expect(lost).toMatchObject({ link: { up: true, carrier: false } });
    run(`ip -n ${right} link set w1 up`);
    await expectEvents('carrier w0');
    await expectUpToDate();
  });

  test('MTU and name', async () => {
    run(`ip -n ${left} link set w0 mtu 1400`);
    const [changed] = await expectEvents('mtu w0');
    expect(changed).toMatchObject({ link: { mtu: 1400 }, before: { mtu: 1500 } });
    run(`ip -n ${left} link set w0 down`);
    run(`ip -n ${left} link set w0 name other`);
    await expectEvents('down w0', 'no-carrier w0', 'renamed other');
    await expectUpToDate();
  });

  test('queue counts', async () => {
    run('ethtool -L w0 rx 2 tx 3', left);
    const [changed] = await expectEvents('queues w0');
    expect(changed).toMatchObject({ link: { rxQueues: 2, txQueues: 3, queues: 3 }, before: { queues: 4 } });
    // Other news of ethtool's is none of ours.
    run('ethtool -K w0 tx off', left);
    run('ethtool -L w0 rx 4 tx 4', left);
    await expectEvents('queues w0');
    await expectUpToDate();
  });

  test('a new link with its queues, and its end', async () => {
    run(`ip -n ${left} link add v0 numtxqueues 3 numrxqueues 3 type veth peer name v1`);
    const [peer, end] = await expectEvents('added v1', 'added v0');
    expect(end).toMatchObject({ link: { queues: 3, driver: 'veth', peer: { index: peer!.link.index } } });
    await expectUpToDate();
    run(`ip -n ${left} link delete v0`);
    await expectEvents('removed v0', 'removed v1');
    await expectUpToDate();
  });

  test('queues of a tap, which the kernel tells only when asked', async () => {
    {
      using _tap = new Tap({ name: 'tap0', netns: left, queues: 2 });
      const [added] = await expectEvents('added tap0');
      watch.refresh(added!.link.index);
      expect(await expectEvents('queues tap0')).toMatchObject([{ link: { queues: 2 } }]);
      await expectUpToDate();
    }
    await vi.waitFor(() => expect(words(events.at(-1)!)).toBe('removed tap0'));
  });

  test('deletion of the peer', async () => {
    run(`ip -n ${right} link delete w1`);
    // Losing the carrier on the way is told or not: the kernel puts it off.
    await vi.waitFor(() => expect(words(events.at(-1)!)).toBe('removed w0'));
    expect([...watch.links.values()].map(({ name }) => name)).toEqual(['lo']);
  });

  test('move to another namespace, and back', async () => {
    const { index } = getLink('w0', { netns: left });
    run(`ip -n ${left} link set w0 netns ${right}`);
    const [, , moved] = await expectEvents('down w0', 'no-carrier w0', 'moved w0');
    const there = getLink('w0', { netns: right });
    expect(moved).toMatchObject({ link: { index, name: 'w0' }, to: { index: there.index } });
    await expectUpToDate();
    run(`ip -n ${right} link set w0 netns ${left}`);
    const [back] = await expectEvents('added w0');
    expect(back).toMatchObject({ link: { queues: 4, up: false } });
    await expectUpToDate();
  });

  test('a port that leaves a bridge is not removed', async () => {
    batch(['link add br0 type bridge', 'link set w0 master br0', 'link set w0 nomaster', 'link set w0 mtu 1300']);
    await expectEvents('added br0', 'mtu w0');
    await expectUpToDate();
  });

  test('elsewhere are no concern of ours', async () => {
    run(`ip -n ${right} link set spare mtu 1234`);
    run(`ip -n ${left} link set w0 mtu 1234`);
    await expectEvents('mtu w0');
  });
});

test('who asks hears at once of a carrier that the kernel is slow to tell of', async () => {
  // Both ends are the second link of their namespaces: to the kernel the pair looks like a NIC.
  const [near, far] = [lab.namespace('near'), lab.namespace('far')];
  lab.veth({ name: 'same0', netns: near, peer: { name: 'same1', netns: far } });
  const { index } = getLink('same0', { netns: near });
  expect(getLink('same1', { netns: far }).index).toBe(index);
  using slow = watchLinks({ netns: near });
  for (let round = 0; round < 2; round++) {
    run(`ip -n ${far} link set same1 down`);
    slow.refresh(index);
    const lost = await Promise.race([slow.next(), sleep(500)]);
    expect(lost?.value).toMatchObject({ type: 'no-carrier', link: { name: 'same0', up: true } });
    run(`ip -n ${far} link set same1 up`);
    expect((await slow.next()).value).toMatchObject({ type: 'carrier' });
  }
  slow.refresh(999_999);
  slow.close();
  slow.refresh(index);
});

test('the own namespace', async () => {
  using own = watchLinks();
  expect(own.links.get(1)).toMatchObject({ name: 'lo', up: true });
});

/** Follows the events, and checks that each begins where the one before ended. @returns where they end */
function follow(start: ReadonlyMap<number, Link>): ReturnType<typeof told>[] {
  const known = new Map([...start].map(([index, link]) => [index, told(link)]));
  for (const event of events) {
    const { index } = event.link;
    expect(known.has(index)).toBe(event.type !== 'added');
    // Events of one moment have the same two ends.
    if ('before' in event) expect([told(event.before), told(event.link)]).toContainEqual(known.get(index));
    if (event.type === 'removed' || event.type === 'moved') known.delete(index);
    else known.set(index, told(event.link));
  }
  return [...known.values()].sort((a, b) => a.index - b.index);
}

describe('more changes than the kernel keeps', () => {
  test('are told as a difference, and the watch goes on', async () => {
    batch(['link add gone type bridge', 'link add stays type bridge']);
    await expectUpToDate();
    const start = new Map(watch.links);
    events.length = 0;
    // The event loop stands still meanwhile, and the socket's buffer runs over.
    const flood = Array.from({ length: 1_000 }, (_, i) => `link set stays mtu ${1300 + (i % 2)}`);
    batch([...flood, 'link delete gone', 'link set stays mtu 1234', 'link add came type bridge', ...flood]);
    batch(['link set stays name renamed', 'link set w0 mtu 1400']);
    run('ethtool -L w0 rx 1 tx 1', left);
    await expectUpToDate();
    expect(events.length).toBeLessThan(1_000);
    expect(events.map(words)).toEqual(
      expect.arrayContaining(['removed gone', 'added came', 'renamed renamed', 'mtu w0', 'queues w0']),
    );
    expect(follow(start)).toEqual(listLinks({ netns: left }).sort(byIndex).map(told));

    // Neither deaf nor busy afterwards.
    run(`ip -n ${left} link set w0 mtu 1500`);
    await expectUpToDate();
    const real = currentBackend();
    let looks = 0;
    useBackend({
      ...real,
      recvfrom(...args) {
        looks++;
        return real.recvfrom(...args);
      },
    });
    await sleep(200);
    expect(looks).toBe(0);
  });

  test('of queues, when there is much other news of ethtool', async () => {
    for (let i = 0; i < 150; i++) setFeatures('w0', { 'tx-nocache-copy': i % 2 === 0 }, { netns: left });
    for (const rx of [1, 2, 3]) setChannels('w0', { rx, tx: 2 }, { netns: left });
    const [lost] = await expectEvents('queues w0');
    expect(lost).toMatchObject({ link: { rxQueues: 3, txQueues: 2 }, before: { queues: 4 } });
    setChannels('w0', { rx: 4, tx: 4 }, { netns: left });
    await expectEvents('queues w0');
  });

  test('of queues', async () => {
    for (const rx of [1, 2, 3]) setChannels('w0', { rx }, { netns: left });
    await expectEvents('queues w0', 'queues w0', 'queues w0');
  });
});

test('whatever happens, the events lead to what there is', async () => {
  const rounds = process.env['XDPKIT_LONG'] ? 400 : 15;
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const start = new Map(watch.links);
  let made = 0;
  const names: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const lines: string[] = [];
    for (let i = random(40); i >= 0; i--) {
      const some = names[random(names.length)];
      const choice = random(6);
      if (choice === 0 || some === undefined) {
        names.push(`r${made++}`);
        lines.push(`link add ${names.at(-1)} type bridge`);
      } else if (choice === 1) {
        names.splice(names.indexOf(some), 1);
        lines.push(`link delete ${some}`);
      } else if (choice === 2) lines.push(`link set ${some} mtu ${1_000 + random(400)}`);
      else if (choice === 3) lines.push(`link set ${some} ${random(2) ? 'up' : 'down'}`);
      else if (choice === 4) {
        names[names.indexOf(some)] = `n${made++}`;
        lines.push(`link set ${some} down`, `link set ${some} name n${made - 1}`);
      } else lines.push(`link set w0 ${random(2) ? 'up' : 'down'}`);
    }
    batch(lines);
    if (random(3) === 0) run(`ethtool -L w0 rx ${1 + random(4)} tx ${1 + random(4)}`, left);
    if (random(4) > 0) await sleep(random(10));
  }
  await expectUpToDate();
  expect(follow(start)).toEqual(listLinks({ netns: left }).sort(byIndex).map(told));
  if (process.env['XDPKIT_LONG']) console.log(`${events.length} events of ${rounds} rounds`);
}, 300_000);

describe('life and end', () => {
  test('leaving the loop closes the watch', async () => {
    const own = watchLinks({ netns: left });
    setImmediate(() => run(`ip -n ${left} link set w0 mtu 1400`));
    for await (const event of own) {
      expect(words(event)).toBe('mtu w0');
      break;
    }
    expect(await own.next()).toEqual({ done: true, value: undefined });
    own.close();
  });

  test('closing ends who waits', async () => {
    const own = watchLinks({ netns: left });
    const waiting = own.next();
    own.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('a process that only watches can end if it wants to', () => {
    const module = new URL('../../dist/netdev/index.js', import.meta.url);
    const script = `import { watchLinks } from '${module}'; watchLinks().unref();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: patient(60_000) });
  });

  test('a namespace without its name is watched on', async () => {
    run(`ip netns delete ${left}`);
    run(`ip -n ${right} link set w1 down`);
    await expectEvents('no-carrier w0');
  });

  test('a socket that fails ends the watch', async () => {
    const real = currentBackend();
    let failing = false;
    useBackend({
      ...real,
      errno: () => (failing ? Errno.EBADF : real.errno()),
      recvfrom: (...args) => (failing ? -1 : real.recvfrom(...args)),
    });
    failing = true;
    exec(`ip -n ${left} link set w0 mtu 1400`);
    await expect(taking).rejects.toMatchObject({ code: 'XDP_ERR_SYSTEM', errnoName: 'EBADF' });
    await expect(watch.next()).rejects.toMatchObject({ code: 'XDP_ERR_SYSTEM' });
  });

  test('no such namespace', () => {
    expect(() => watchLinks({ netns: 'xdpkit-none' })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_NO_NAMESPACE' }),
    );
  });
});
