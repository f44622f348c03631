// needs: ip
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, defaultRouteInterfaces, getLink, type Lab } from '../../dist/netdev/index.js';
import { failOnLeaks, ip, run } from './oracle.js';

let lab: Lab;
let netns: string;
const names = () => ['r0', 'r1', 'r2'].filter((name) => found().has(getLink(name, { netns }).index));
const found = () => defaultRouteInterfaces({ netns });

beforeAll(() => {
  lab = createLab('routes');
  netns = lab.namespace('host');
  const far = lab.namespace('far');
  for (const i of [0, 1, 2]) {
    const addresses = [`10.9.${i}.1/24`, `2001:db8:${i}::1/64`];
    lab.veth({ name: `r${i}`, netns, addresses, peer: { name: `far${i}`, netns: far } });
  }
});
afterAll(() => lab.close());
failOnLeaks();

test('of this machine', () => {
  const devices = [...ip('-4 route show default'), ...ip('-6 route show default')].flatMap(({ dev, nexthops = [] }) =>
    [dev, ...nexthops.map((hop: { dev: string }) => hop.dev)].filter(Boolean),
  );
  expect(defaultRouteInterfaces()).toEqual(new Set(devices.map((name) => getLink(name).index)));
});

test('IPv4, IPv6, several next hops', () => {
  expect(found()).toEqual(new Set());
  run(`ip -n ${netns} route add 192.0.2.0/24 via 10.9.2.2`);
  run(`ip -n ${netns} route add default via 10.9.2.2 table 100`);
  run(`ip -n ${netns} route add unreachable default metric 9999`);
  run(`ip -n ${netns} -6 route add unreachable default metric 9999`);
  expect(names()).toEqual([]);
  run(`ip -n ${netns} route add default via 10.9.0.2`);
  expect(names()).toEqual(['r0']);
  run(`ip -n ${netns} -6 route add default via 2001:db8:1::2`);
  expect(names()).toEqual(['r0', 'r1']);
  run(`ip -n ${netns} route replace default nexthop via 10.9.0.2 nexthop via 10.9.2.2`);
  expect(names()).toEqual(['r0', 'r1', 'r2']);
  expect(found().size).toBe(3);
  run(`ip -n ${netns} -4 route del default metric 0`);
  run(`ip -n ${netns} -6 route del default via 2001:db8:1::2`);
  run(`ip -n ${netns} -6 route add default nexthop via 2001:db8:0::2 nexthop via 2001:db8:2::2`);
  expect(names()).toEqual(['r0', 'r2']);
});

test('next hop objects', () => {
  const other = lab.namespace('other');
  lab.veth({ name: 'n0', netns: other, addresses: ['10.9.0.1/24'], peer: { name: 'n1', netns: other } });
  run(`ip -n ${other} nexthop add id 7 via 10.9.0.2 dev n0`);
  run(`ip -n ${other} route add default nhid 7`);
  expect(defaultRouteInterfaces({ netns: other })).toEqual(new Set([getLink('n0', { netns: other }).index]));
});
