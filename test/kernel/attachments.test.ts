// needs: bpftool, ip
import { afterEach, beforeEach, expect, test } from 'vitest';
import { XdpAction } from '../../dist/ebpf/index.js';
import {
  allLinks,
  BpfLink,
  type InterfaceProgram,
  listAttachments,
  objectIds,
  XdpLink,
  type XdpMode,
  type XdpProgram,
} from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab, listLinks } from '../../dist/netdev/index.js';
import { openNamespace, withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks, ip, kernelIs, run } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { bpftool } from './bpftool.js';
import { attachForeign, loadForeign } from './foreign-programs.js';
import { returning } from './programs.js';

failOnLeaks();
let lab: Lab;
let netns: string;
beforeEach(() => {
  lab = createLab('attached');
  netns = lab.namespace('near');
  for (const name of ['port0', 'port1']) lab.veth({ name, netns, peer: { name: name.replace('port', 'eth'), netns } });
});
afterEach(() => lab.close());

const inside = <T>(run: () => T, namespace = netns) => withNamespace<T>(namespace, run as () => never);
const listed = (namespace = netns) => inside(() => listAttachments(listLinks()), namespace);
const attach = (program: XdpProgram, name: string, mode: XdpMode, namespace = netns) =>
  inside(() => XdpLink.attach(program, getLink(name), mode), namespace);
const seen = ({ interface: name, hook, place, programId, linkId }: InterfaceProgram) => ({
  name,
  hook,
  place,
  programId,
  linkId,
});

test('XDP programs, with a link and without, as bpftool and ip show them', () => {
  using held = returning(XdpAction.pass, 'held');
  using foreign = returning(XdpAction.drop, 'foreign');
  expect(listed().interfaces).toEqual([]);
  using link = attach(held, 'port0', 'native');
  run(`bpftool net attach xdpgeneric id ${foreign.info.id} dev eth1`, netns);
  run(`bpftool net attach xdpdrv id ${foreign.info.id} dev port1`, netns);
  const { interfaces } = listed();
  const of = (name: string, place: string, program: XdpProgram, linkId?: number) => ({
    ifindex: getLink(name, { netns }).index,
    interface: name,
    hook: 'xdp',
    place,
    programId: program.info.id,
    name: program.name,
    tag: program.info.tag,
    linkId,
  });
  expect(interfaces.toSorted((a, b) => (a.interface < b.interface ? -1 : 1))).toEqual([
    of('eth1', 'generic', foreign),
    of('port0', 'native', held, link.info.id),
    of('port1', 'native', foreign),
  ]);

  const [{ xdp }] = bpftool('net show', netns);
  const modes = { native: 'driver', generic: 'generic', offloaded: 'offload' } as Record<string, string>;
  const byId = (a: { devname: string }, b: { devname: string }) => (a.devname < b.devname ? -1 : 1);
  expect(
    interfaces
      .map(({ ifindex, interface: devname, place, programId: id }) => ({ devname, ifindex, mode: modes[place], id }))
      .toSorted(byId),
  ).toEqual(xdp.toSorted(byId));
  for (const { interface: name, programId, tag, place } of interfaces) {
    const [shown] = ip(`link show ${name}`, netns);
    expect(shown.xdp).toMatchObject({ mode: place === 'native' ? 1 : 2, prog: { id: programId, tag } });
  }
  const links: { id: number; prog_id: number; type: string; ifindex: number }[] = bpftool('link show', netns);
  expect(links).toContainEqual(expect.objectContaining({ id: link.info.id, type: 'xdp', prog_id: held.info.id }));
});

test('interfaces of the same index in two namespaces keep their own links', () => {
  const other = lab.namespace('other');
  lab.veth({ name: 'port0', netns: other, peer: { name: 'eth0', netns: other } });
  expect(getLink('port0', { netns: other }).index).toBe(getLink('port0', { netns }).index);
  using one = returning(XdpAction.pass);
  using two = returning(XdpAction.pass);
  using first = attach(one, 'port0', 'native');
  using second = attach(two, 'port0', 'generic', other);
  expect(listed().interfaces.map(seen)).toEqual([
    { name: 'port0', hook: 'xdp', place: 'native', programId: one.info.id, linkId: first.info.id },
  ]);
  expect(listed(other).interfaces.map(seen)).toEqual([
    { name: 'port0', hook: 'xdp', place: 'generic', programId: two.info.id, linkId: second.info.id },
  ]);
});

test('tcx programs, in the order in which they run', (context) => {
  context.skip(!kernelIs(6, 6), 'needs Linux 6.6');
  const { index } = getLink('port0', { netns });
  using first = loadForeign('tcxIngress', 'first');
  using second = loadForeign('tcxIngress', 'second');
  using out = loadForeign('tcxEgress', 'out');
  using links = new Held();
  inside(() => {
    links.use(attachForeign('tcxIngress', first, index));
    links.use(attachForeign('tcxIngress', second, index));
    links.use(attachForeign('tcxEgress', out, index));
  });
  const { interfaces } = listed();
  expect(interfaces.map(({ interface: device, hook, place, name }) => [device, hook, place, name])).toEqual([
    ['port0', 'tcx', 'ingress', 'first'],
    ['port0', 'tcx', 'ingress', 'second'],
    ['port0', 'tcx', 'egress', 'out'],
  ]);
  const known = new Map([...allLinks()].map((link) => [link.id, link]));
  for (const { linkId, programId, place } of interfaces) {
    expect(known.get(linkId!)).toEqual({ id: linkId, programId, target: { kind: 'tcx', ifindex: index, hook: place } });
  }
});

test('flow dissector and netfilter', (context) => {
  context.skip(!kernelIs(6, 4), 'needs Linux 6.4');
  using dissector = loadForeign('flowDissector', 'dissector');
  using filter = loadForeign('netfilter', 'filter', 1);
  using namespace = openNamespace(netns);
  using links = new Held();
  inside(() => {
    links.use(attachForeign('flowDissector', dissector, namespace.fd));
    links.use(attachForeign('netfilter', filter, 0));
  });
  const { flowDissector, netfilter, interfaces } = listed();
  expect(interfaces).toEqual([]);
  expect(flowDissector).toMatchObject([{ name: 'dissector', linkId: expect.any(Number) }]);
  // What bpftool prints as JSON here is none.
  expect(run('bpftool net show', netns)).toMatch(new RegExp(`flow_dissector:\nid ${flowDissector[0]?.programId}\n`));
  expect(netfilter).toContainEqual(
    expect.objectContaining({ name: 'filter', family: 2, netfilterHook: 1, priority: 5, linkId: expect.any(Number) }),
  );
  expect(listed(lab.namespace('other')).flowDissector).toEqual([]);
});

test('ids of all objects are those that bpftool shows', async () => {
  using program = returning(XdpAction.pass);
  using link = attach(program, 'port0', 'native');
  // Other processes may make and close some meanwhile.
  const shown = (command: string): number[] => bpftool(`${command} show`).map(({ id }: { id: number }) => id);
  const missed = () =>
    (['program', 'map', 'link'] as const).flatMap((kind) => {
      const ours = new Set(objectIds(kind));
      const theirs = new Set(shown(kind.replace('program', 'prog')));
      return [...[...ours].filter((id) => !theirs.has(id)), ...[...theirs].filter((id) => !ours.has(id))];
    });
  await expect.poll(missed, { timeout: patient(10_000) }).toEqual([]);
  expect([...objectIds('link')]).toContain(link.info.id);
});

test('a link opened by id shows, and detaches, what another holds', () => {
  using program = returning(XdpAction.pass);
  using link = attach(program, 'port0', 'native');
  using same = BpfLink.openId(link.info.id)!;
  expect(same.info).toEqual({
    id: link.info.id,
    programId: program.info.id,
    target: { kind: 'xdp', ifindex: getLink('port0', { netns }).index },
  });
  same.close();
  expect(listed().interfaces).toHaveLength(1);
  using again = BpfLink.openId(link.info.id)!;
  again.detach();
  again.detach();
  expect(listed().interfaces).toEqual([]);
  expect(link.info.target).toEqual({ kind: 'xdp', ifindex: 0 });
  expect(BpfLink.openId(0x7fff_ffff)).toBeUndefined();
});

/** Closes what it was given, the last one first. */
class Held implements Disposable {
  readonly #held: Disposable[] = [];
  use(held: Disposable): void {
    this.#held.push(held);
  }
  [Symbol.dispose](): void {
    for (const held of this.#held.reverse()) held[Symbol.dispose]();
  }
}
