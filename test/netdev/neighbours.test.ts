// needs: ip, ping
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createLab,
  getLink,
  type Lab,
  listNeighbours,
  type Neighbour,
  removeNeighbour,
  setNeighbour,
} from '../../dist/netdev/index.js';
import { failOnLeaks, ip, run } from './oracle.js';

let lab: Lab;
let netns: string;
let far: string;

beforeAll(() => {
  lab = createLab('neigh');
  netns = lab.namespace('host');
  far = lab.namespace('far');
  lab.veth({
    name: 'n0',
    netns,
    addresses: ['10.9.0.1/24', '2001:db8::1/64'],
    peer: { name: 'n1', netns: far, addresses: ['10.9.0.2/24', '2001:db8::2/64'] },
  });
  lab.veth({ name: 'm0', netns, peer: { name: 'm1', netns: far } });
});
afterAll(() => lab.close());
failOnLeaks();

/** `ip neighbour show nud all`, in our words. */
function shown(): Neighbour[] {
  return ip('neighbour show nud all', netns).map(({ dst, dev, lladdr, state, router }) => ({
    index: getLink(dev, { netns }).index,
    family: dst.includes(':') ? 6 : 4,
    address: dst,
    ...(lladdr !== undefined && { mac: lladdr }),
    state: (state?.[0] ?? 'none').toLowerCase(),
    // Its JSON has the flag as a key without a value.
    router: router === null,
  }));
}

test('neighbours are what ip says, in every state', () => {
  setNeighbour('n0', '10.9.0.7', '02:00:00:00:00:07', { netns });
  setNeighbour('n0', '2001:db8::7', '02:00:00:00:00:08', { netns, router: true });
  setNeighbour('m0', '10.9.1.7', '02:00:00:00:00:09', { netns, state: 'reachable' });
  setNeighbour('m0', '10.9.1.8', '02:00:00:00:00:0a', { netns, state: 'stale' });
  setNeighbour('m0', '10.9.1.9', '02:00:00:00:00:0b', { netns, state: 'noarp' });
  run(`ip -n ${netns} neighbour add 10.9.1.10 dev m0 nud none`);
  run(`ip -n ${netns} neighbour add 10.9.1.11 dev m0 nud failed`);
  run('ping -c 1 -W 5 10.9.0.2', netns);

  const found = listNeighbours({ netns });
  expect(found).toHaveLength(shown().length);
  expect(found).toEqual(expect.arrayContaining(shown()));
  expect(found.map(({ state }) => state)).toEqual(
    expect.arrayContaining(['permanent', 'reachable', 'stale', 'noarp', 'none', 'failed']),
  );
  const { index } = getLink('n0', { netns });
  expect(listNeighbours({ netns, link: 'n0' })).toEqual(found.filter((neighbour) => neighbour.index === index));
  expect(listNeighbours({ netns, family: 6 })).toEqual(found.filter(({ family }) => family === 6));
  expect(found).toContainEqual({
    index,
    family: 6,
    address: '2001:db8::7',
    mac: '02:00:00:00:00:08',
    state: 'permanent',
    router: true,
  });
});

test('one is replaced, and removed', () => {
  setNeighbour('n0', '10.9.0.9', '02:00:00:00:00:01', { netns });
  setNeighbour('n0', '10.9.0.9', '02:00:00:00:00:02', { netns });
  expect(ip('neighbour show 10.9.0.9', netns)).toEqual([
    expect.objectContaining({ lladdr: '02:00:00:00:00:02', state: ['PERMANENT'] }),
  ]);
  removeNeighbour('n0', '10.9.0.9', { netns });
  expect(ip('neighbour show 10.9.0.9', netns)).toEqual([]);
  expect(() => removeNeighbour('n0', '10.9.0.99', { netns })).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_NETLINK', errnoName: 'ENOENT' }),
  );
});

test('a permanent one is used, and not asked for', () => {
  // The far end answers nobody who asks for its address.
  run('sysctl -q -w net.ipv4.conf.n1.arp_ignore=8', far);
  removeNeighbour('n0', '10.9.0.2', { netns });
  setNeighbour('n0', '10.9.0.2', getLink('n1', { netns: far }).mac, { netns });
  run('ping -c 1 -W 5 10.9.0.2', netns);
});

test.each([
  ['10.9.0.300', '02:00:00:00:00:01'],
  ['10.9.0.3', '02:00'],
])('neighbour %s at %s is no neighbour', (address, mac) => {
  expect(() => setNeighbour('n0', address, mac, { netns })).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
});
