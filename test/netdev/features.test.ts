// needs: ip, ethtool
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, getFeatures, getLink, type Lab, peerOf, setFeatures } from '../../dist/netdev/index.js';
import { ethtoolFeatures, failOnLeaks, run } from './oracle.js';

let lab: Lab;
let left: string;
let right: string;

beforeAll(() => {
  lab = createLab('features');
  left = lab.namespace('left');
  right = lab.namespace('right');
  lab.veth({ name: 'f0', netns: left, peer: { name: 'f1', netns: right } });
  lab.veth({ name: 's0', netns: left, peer: { name: 's1', netns: left } });
  run(`ip -n ${left} tuntap add dev tap0 mode tap`);
  run(`ip -n ${left} link add br0 type bridge`);
});
afterAll(() => lab.close());
failOnLeaks();

describe('features', () => {
  test.each(['f0', 'tap0', 'br0', 'lo'])('of %s are what ethtool says', (name) => {
    const shown = ethtoolFeatures(name, left);
    const features = getFeatures(name, { netns: left });
    let compared = 0;
    for (const [feature, { active, changeable, wanted }] of features) {
      // ethtool 6.1 has its own word (generic-receive-offload) for a few.
      const theirs = shown[feature];
      if (theirs === undefined) continue;
      compared++;
      expect({ feature, active, changeable }).toEqual({ feature, active: theirs.active, changeable: !theirs.fixed });
      if (changeable) expect({ feature, wanted }).toEqual({ feature, wanted: theirs.requested });
    }
    expect(compared).toBeGreaterThan(30);
    expect([...features.keys()].length).toBeGreaterThanOrEqual(compared);
  });

  test('are switched, and what really changed is told', () => {
    const options = { netns: left };
    const before = ethtoolFeatures('f0', left);
    const asked = { 'tx-checksum-ip-generic': false, 'rx-vlan-hw-parse': false, 'rx-lro': false };
    const changed = setFeatures('f0', asked, options);
    expect(changed.get('tx-checksum-ip-generic')).toBe(false);
    expect(changed.get('rx-vlan-hw-parse')).toBe(false);
    expect(changed.has('rx-lro')).toBe(false);
    // Segmentation needs checksums: the kernel switches it off along, without anybody having asked.
    expect(changed.get('tx-tcp-segmentation')).toBe(false);
    expect(getFeatures('f0', options).get('tx-tcp-segmentation')).toMatchObject({ active: false, wanted: true });
    expect(ethtoolFeatures('f0', left)['tx-checksum-ip-generic']?.active).toBe(false);
    expect(setFeatures('f0', asked, options)).toEqual(new Map());
    setFeatures('f0', { 'tx-checksum-ip-generic': true, 'rx-vlan-hw-parse': true }, options);
    expect(ethtoolFeatures('f0', left)).toEqual(before);
  });

  test('an unknown one is refused in the words of the kernel', () => {
    expect(() => setFeatures('f0', { 'no-such-feature': true }, { netns: left })).toThrow(
      expect.objectContaining({ code: 'XDP_ERR_NETLINK', message: expect.stringContaining('bit name not found') }),
    );
  });
});

describe('peerOf', () => {
  test('in another namespace', () => {
    const peer = peerOf(getLink('f0', { netns: left }), { netns: left });
    expect(peer).toEqual({ link: getLink('f1', { netns: right }), netns: `/run/netns/${right}` });
    const back = peerOf(peer!.link, { netns: peer!.netns });
    expect(back).toEqual({ link: getLink('f0', { netns: left }), netns: `/run/netns/${left}` });
  });

  test('in the same one', () => {
    const peer = peerOf(getLink('s0', { netns: left }), { netns: left });
    expect(peer).toEqual({ link: getLink('s1', { netns: left }), netns: `/run/netns/${left}` });
  });

  test('of what is no pair', () => {
    expect(peerOf(getLink('lo'))).toBeUndefined();
    expect(peerOf(getLink('br0', { netns: left }), { netns: left })).toBeUndefined();
  });
});
