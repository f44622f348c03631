// needs: ip
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addRoute,
  createLab,
  defaultRouteInterfaces,
  getLink,
  type Lab,
  listRoutes,
  type Route,
  type RouteOptions,
  removeRoute,
} from '../../dist/netdev/index.js';
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

/** RTN_…, in their order. */
const TYPES = 'unspecified unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat'.split(
  ' ',
);

/** What `ip -N` shows of a table, in our words. A table that has no routes of a family is an error to it: so all are asked for. */
function shown(where: string, table: number | 'all'): Route[] {
  const all = (['-4', '-6'] as const).flatMap((family) =>
    JSON.parse(run(`ip -N -j ${family} -d -n ${where} route show table all`)).map(
      // biome-ignore lint/suspicious/noExplicitAny: the tool's own shape
      (route: any) => {
        const any = family === '-4' ? '0.0.0.0' : '::';
        const bits = family === '-4' ? 32 : 128;
        const destination = route.dst === 'default' ? `${any}/0` : route.dst;
        // biome-ignore lint/suspicious/noExplicitAny: the tool's own shape
        const hop = (one: any) => ({
          ...(one.dev !== undefined && { index: getLink(one.dev, { netns: where }).index }),
          ...((one.gateway ?? one.via?.host) !== undefined && { gateway: one.gateway ?? one.via.host }),
          weight: one.weight ?? 1,
        });
        const hops = route.nexthops?.map(hop) ?? (route.dev === undefined ? [] : [hop(route)]);
        return {
          family: family === '-4' ? 4 : 6,
          destination: destination.includes('/') ? destination : `${destination}/${bits}`,
          // The main one is not named.
          table: Number(route.table ?? 254),
          type: TYPES[route.type],
          protocol: Number(route.protocol),
          metric: route.metric ?? 0,
          ...(route.prefsrc !== undefined && { source: route.prefsrc }),
          nextHops: hops,
        };
      },
    ),
  );
  return all.filter((route) => table === 'all' || route.table === table);
}

describe('listRoutes, addRoute and removeRoute', () => {
  let own: string;
  beforeAll(() => {
    own = lab.namespace('own');
    for (const i of [0, 1]) {
      const addresses = [`10.8.${i}.1/24`, `2001:db8:8${i}::1/64`];
      lab.veth({ name: `o${i}`, netns: own, addresses, peer: { name: `p${i}`, netns: own } });
    }
  });
  const known = (table: number | 'all' = 254) => listRoutes({ netns: own, table });
  const agree = (table: number | 'all' = 254) => expect(known(table)).toEqual(shown(own, table));

  test('agree with ip on all that a host has', () => {
    run(`ip -n ${own} route add 192.0.2.0/24 via 10.8.0.2 metric 7 src 10.8.0.1`);
    run(`ip -n ${own} route add 198.51.100.0/24 nexthop via 10.8.0.2 weight 3 nexthop via 10.8.1.2 weight 256`);
    run(`ip -n ${own} route add 203.0.113.0/24 via inet6 2001:db8:80::2 dev o0`);
    run(`ip -n ${own} -6 route add 2001:db8:ff::/48 nexthop via 2001:db8:80::2 nexthop via 2001:db8:81::2 weight 2`);
    for (const type of ['blackhole', 'unreachable', 'prohibit', 'throw']) {
      run(`ip -n ${own} route add ${type} 10.7.${type.length}.0/24 table 7000`);
    }
    agree();
    agree(7000);
    agree(255);
    // ip leaves multicast and anycast routes of the IPv6 local table in; so do we.
    agree('all');
    expect(known(7001)).toEqual([]);
    expect(listRoutes({ netns: own, family: 6 })).toEqual(known().filter(({ family }) => family === 6));
  });

  const cases: readonly (readonly [RouteOptions, string])[] = [
    [{ destination: '10.6.0.0/16', gateway: '10.8.0.2' }, '10.6.0.0/16 via 10.8.0.2 dev o0 proto static'],
    [{ destination: '10.6.1.1/32', link: 'o1' }, '10.6.1.1 dev o1 proto static scope link'],
    [
      { destination: '0.0.0.0/0', gateway: '10.8.1.2', metric: 50 },
      'default via 10.8.1.2 dev o1 proto static metric 50',
    ],
    [
      { destination: '10.6.2.0/24', gateway: '2001:db8:80::2', link: 'o0' },
      '10.6.2.0/24 via inet6 2001:db8:80::2 dev o0',
    ],
    [
      { destination: '10.6.3.0/24', link: 'o0', source: '10.8.1.1' },
      '10.6.3.0/24 dev o0 proto static scope link src 10.8.1.1',
    ],
    [{ destination: '10.6.4.0/24', gateway: '10.8.0.2', table: 1000 }, '10.6.4.0/24 via 10.8.0.2 dev o0 table 1000'],
    [{ destination: '10.6.5.0/24', type: 'blackhole' }, 'blackhole 10.6.5.0/24 proto static'],
    [
      { destination: '2001:db8:6::/48', gateway: '2001:db8:80::2' },
      '2001:db8:6::/48 via 2001:db8:80::2 dev o0 proto static metric 1024',
    ],
    [
      { destination: '::/0', gateway: '2001:db8:81::2', metric: 5 },
      'default via 2001:db8:81::2 dev o1 proto static metric 5',
    ],
  ];
  test.each(cases)('%j, there and back', (route, text) => {
    const { table = 254 } = route;
    const before = known('all');
    addRoute(route, { netns: own });
    const added = known(table).filter(({ destination }) => destination === route.destination);
    expect(added).toHaveLength(1);
    agree(table);
    const family = route.destination.includes(':') ? '-6' : '-4';
    expect(run(`ip ${family} -n ${own} route show table all`)).toContain(text);
    expect(() => addRoute(route, { netns: own })).toThrow(expect.objectContaining({ errnoName: 'EEXIST' }));
    addRoute({ ...route, replace: true }, { netns: own });
    removeRoute({ destination: route.destination, table }, { netns: own });
    expect(known('all')).toEqual(before);
    expect(() => removeRoute(route, { netns: own })).toThrow(expect.objectContaining({ errnoName: 'ESRCH' }));
  });

  test('the one with the metric and the gateway given is removed', () => {
    for (const metric of [1, 2]) addRoute({ destination: '10.5.0.0/16', gateway: '10.8.0.2', metric }, { netns: own });
    removeRoute({ destination: '10.5.0.0/16', gateway: '10.8.0.2', metric: 2 }, { netns: own });
    expect(known().filter(({ destination }) => destination === '10.5.0.0/16')).toEqual([
      expect.objectContaining({ metric: 1, protocol: 4 }),
    ]);
    expect(() => removeRoute({ destination: '10.5.0.0/16', gateway: '10.8.0.3' }, { netns: own })).toThrow();
    removeRoute({ destination: '10.5.0.0/16' }, { netns: own });
  });

  test('what can not be is refused', () => {
    const refused = (route: RouteOptions, expected: object) =>
      expect(() => addRoute(route, { netns: own })).toThrow(expect.objectContaining(expected));
    refused({ destination: '10.5.0.0', gateway: '10.8.0.2' }, { code: 'XDP_ERR_USAGE' });
    refused({ destination: '2001:db8:5::/64', gateway: '10.8.0.2' }, { code: 'XDP_ERR_USAGE' });
    refused(
      { destination: '10.5.0.0/16', gateway: '10.99.0.2' },
      { code: 'XDP_ERR_NETLINK', errnoName: 'ENETUNREACH' },
    );
    refused({ destination: '10.5.0.0/16', link: 'nope' }, { code: 'XDP_ERR_NO_INTERFACE' });
  });
});

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
