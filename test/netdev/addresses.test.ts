// needs: ip
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addAddress, createLab, getLink, type Lab, listAddresses, removeAddress } from '../../dist/netdev/index.js';
import { failOnLeaks, ip, run } from './oracle.js';

let lab: Lab;
let netns: string;

beforeAll(() => {
  lab = createLab('addr');
  netns = lab.namespace('host');
  lab.veth({ name: 'a0', netns, peer: { name: 'a1', netns } });
});
afterAll(() => lab.close());
failOnLeaks();

test('addresses are what ip says', () => {
  addAddress('a0', '10.9.0.1/24', { netns });
  addAddress('a0', '10.9.1.1/31', { netns });
  addAddress('a0', '2001:db8::1/64', { netns, nodad: true });
  run(`ip -n ${netns} addr add 10.9.2.1 peer 10.9.2.2/32 dev a1`);
  const shown = ip('addr', netns).flatMap(({ ifindex, addr_info }) =>
    addr_info.map(({ family, local, prefixlen }: { family: string; local: string; prefixlen: number }) => ({
      index: ifindex,
      family: family === 'inet' ? 4 : 6,
      address: local,
      prefixLength: prefixlen,
      tentative: false,
    })),
  );
  expect(listAddresses({ netns })).toHaveLength(shown.length);
  expect(listAddresses({ netns })).toEqual(expect.arrayContaining(shown));
  const { index } = getLink('a1', { netns });
  expect(listAddresses({ netns, link: 'a1' })).toEqual(shown.filter((address) => address.index === index));
  expect(ip('addr show dev a0', netns)[0].addr_info[0]).toMatchObject({ local: '10.9.0.1', broadcast: '10.9.0.255' });
});

test('addresses are taken away', () => {
  const before = ip('addr', netns);
  for (const address of ['10.9.3.1/24', '2001:db8:3::1/64']) addAddress('a1', address, { netns, nodad: true });
  expect(listAddresses({ netns, link: 'a1' }).map(({ address }) => address)).toContain('2001:db8:3::1');
  for (const address of ['10.9.3.1/24', '2001:db8:3::1/64']) removeAddress('a1', address, { netns });
  expect(ip('addr', netns)).toEqual(before);
  expect(() => removeAddress('a1', '10.9.3.1/24', { netns })).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_NETLINK', errnoName: 'EADDRNOTAVAIL' }),
  );
});

test('an address twice', () => {
  addAddress('a0', '10.9.9.1/24', { netns });
  expect(() => addAddress('a0', '10.9.9.1/24', { netns })).toThrow(expect.objectContaining({ errnoName: 'EEXIST' }));
});

test('without nodad an IPv6 address is checked for duplicates', () => {
  run('sysctl -q -w net.ipv6.conf.a1.accept_dad=1 net.ipv6.conf.a1.dad_transmits=1', netns);
  addAddress('a1', '2001:db8:1::1/64', { netns });
  addAddress('a1', '2001:db8:1::2/64', { netns, nodad: true });
  const tentative = listAddresses({ netns, link: 'a1' }).filter((address) => address.tentative);
  expect(tentative.map(({ address }) => address)).toEqual(['2001:db8:1::1']);
});
