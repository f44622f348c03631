// needs: clang-14, bpftool, ip, tc
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bpffs, XdpLink } from '../../dist/kernel/index.js';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { BpfObject, type LoadedObject } from '../../dist/object/index.js';
import { calls, OwnedFd, withNamespace } from '../../dist/sys/index.js';
import { jsonLines } from '../e2e/json-lines.js';
import { run, succeed, XDPKIT } from '../e2e/running.js';
import { bpftool } from '../kernel/bpftool.js';
import { failOnLeaks, ip, needKernel, run as tool } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { compile, compileText } from './compile.js';

failOnLeaks();
const pins = `${bpffs()}/xdpkit-test-links-${process.pid}`;
const TC = 'SEC("tc") int classify(struct __sk_buff *skb) { return -1; }';
const DISSECTOR = 'SEC("flow_dissector") int dissect(struct __sk_buff *skb) { return BPF_OK; }';

let lab: Lab;
let netns: string;
beforeEach(() => {
  mkdirSync(pins);
  lab = createLab('links');
  netns = lab.namespace('near');
  const far = lab.namespace('far');
  lab.veth({ name: 'port0', netns, peer: { name: 'eth0', netns: far } });
  lab.veth({ name: 'port1', netns, peer: { name: 'eth1', netns: far }, up: false });
});
afterEach(() => {
  lab.close();
  rmSync(pins, { recursive: true, force: true });
});

interface Attached {
  readonly hook: string;
  readonly place: string;
  readonly programId: number;
  readonly name: string;
  readonly tag: string;
  readonly linkId?: number;
  readonly filter?: string;
  readonly pinned: readonly string[];
}
interface Links {
  readonly interfaces: readonly { readonly index: number; readonly name: string; readonly attached: Attached[] }[];
  readonly flowDissectors: readonly Attached[];
}

async function links(...args: string[]): Promise<Links> {
  const lines = jsonLines(await succeed([...XDPKIT, 'links', '--json', ...args], { netns }));
  expect(lines).toMatchObject([{ type: 'links' }]);
  return lines[0] as unknown as Links;
}
/** Runs a tool in the namespace, but with the bpffs in sight: `ip netns exec` and `tc -n` hide it. */
const inside = (command: string) =>
  execFileSync('nsenter', [`--net=/run/netns/${netns}`, ...command.split(' ')], {
    encoding: 'utf8',
    timeout: patient(20_000),
  });

/** What bpftool shows. Version 7.1 forgets braces. */
const net = () => JSON.parse(inside('bpftool --json net').replace(/\["id":(\d+)\]/, '[{"id":$1}]'))[0];

const attach = (loaded: LoadedObject, name: string, mode: 'native' | 'generic') =>
  withNamespace<XdpLink>(netns, () => XdpLink.attach(loaded.program('plain'), getLink(name, { netns }), mode));

/** A program that is none of XDP, pinned by bpftool. */
function pinOther(name: string, source: string): string {
  tool(`bpftool prog load ${compileText(name, source)} ${pins}/${name}`);
  return `${pins}/${name}`;
}

test('XDP and tc, as ip and bpftool tell it', async () => {
  using loaded = BpfObject.open(compile('sections')).load();
  const program = loaded.program('plain');
  using native = attach(loaded, 'port0', 'native');
  using generic = attach(loaded, 'lo', 'generic');
  native.pin(`${pins}/native`);
  program.pin(`${pins}/plain`);
  // By netlink, without a link.
  tool(`bpftool net attach xdpgeneric id ${loaded.program('fragments').info.id} dev port1`, netns);
  const pinned = pinOther('classify', TC);
  for (const place of ['ingress', 'egress']) {
    if (place === 'ingress') inside('tc qdisc add dev port0 clsact');
    inside(`tc filter add dev port0 ${place} prio 7 bpf da object-pinned ${pinned}`);
  }

  const shown = await links();
  const { id, tag } = program.info;
  expect(shown.interfaces.find(({ name }) => name === 'port0')?.attached[0]).toEqual({
    hook: 'xdp',
    place: 'native',
    programId: id,
    name: 'plain',
    tag,
    linkId: native.info.id,
    pinned: [`${pins}/native`, `${pins}/plain`],
  });

  // ip
  const fromIp = ip('link show', netns).flatMap(({ ifname, xdp }) =>
    xdp ? [[ifname, xdp.prog.id, xdp.prog.name, xdp.prog.tag, xdp.mode]] : [],
  );
  const MODES: Readonly<Record<string, number>> = { native: 1, generic: 2, offloaded: 3 };
  expect(fromIp).toHaveLength(3);
  expect(fromIp).toEqual(
    shown.interfaces.flatMap(({ name: ifname, attached }) =>
      attached
        .filter(({ hook }) => hook === 'xdp')
        .map(({ programId, name, tag: its, place }) => [ifname, programId, name, its, MODES[place]]),
    ),
  );

  // bpftool
  const { xdp, tc } = net();
  const MODE_WORDS: Readonly<Record<string, string>> = { native: 'driver', generic: 'generic' };
  const rows = shown.interfaces.flatMap(({ name: devname, index: ifindex, attached }) =>
    attached.map((one) => ({ devname, ifindex, ...one })),
  );
  expect(
    rows
      .filter(({ hook }) => hook === 'xdp')
      .map(({ devname, ifindex, place, programId }) => ({ devname, ifindex, mode: MODE_WORDS[place], id: programId })),
  ).toEqual(xdp);
  expect(
    rows
      .filter(({ hook }) => hook === 'tc')
      .map(({ devname, ifindex, place, programId, filter }) => ({
        devname,
        ifindex,
        kind: `clsact/${place}`,
        name: filter,
        id: programId,
      })),
  ).toEqual(tc);
  expect(rows.filter(({ hook }) => hook === 'tc').map(({ name, pinned: at }) => [name, at])).toEqual([
    ['classify', [pinned]],
    ['classify', [pinned]],
  ]);
  expect(generic.mode).toBe('generic');
});

describe('what bpftool 7.1 does not know', () => {
  const BPF_OBJ_GET = 7;
  const BPF_LINK_CREATE = 28;
  const BPF_TCX_INGRESS = 46;

  test('tcx', async (context) => {
    needKernel(context, 6, 6);
    const path = Buffer.from(`${pinOther('classify', TC)}\0`);
    const get = new BigUint64Array([BigInt(calls.addressOf(path)), 0n, 0n]);
    using program = new OwnedFd(calls.bpf(BPF_OBJ_GET, get), 'classifier');
    const { index } = getLink('port0', { netns });
    const create = new Uint32Array([program.fd, index, BPF_TCX_INGRESS, 0, 0, 0, 0, 0, 0, 0]);
    using link = new OwnedFd(
      withNamespace(netns, () => calls.bpf(BPF_LINK_CREATE, create)),
      'tcx link',
    );
    const [found] = bpftool('link show').filter(({ prog_id }: { prog_id: number }) => prog_id === programIdOf(path));
    const { interfaces } = await links('port0');
    expect(interfaces[0]?.attached).toMatchObject([
      { hook: 'tcx', place: 'ingress', name: 'classify', programId: found.prog_id, linkId: found.id },
    ]);
    expect(link.fd).toBeGreaterThan(0);
  });

  const programIdOf = (path: Buffer) => bpftool(`prog show pinned ${path.toString('utf8', 0, path.length - 1)}`).id;
});

test('a flow dissector', async () => {
  const pinned = pinOther('dissect', DISSECTOR);
  inside(`bpftool prog attach pinned ${pinned} flow_dissector`);
  const { flowDissectors } = await links();
  expect(flowDissectors.map(({ programId }) => ({ id: programId }))).toEqual(net().flow_dissector);
  expect(flowDissectors).toMatchObject([{ name: 'dissect', pinned: [pinned] }]);
});

test('as a table, each program in a line', async () => {
  using loaded = BpfObject.open(compile('sections')).load();
  using link = attach(loaded, 'port0', 'native');
  const { id, tag } = loaded.program('plain').info;
  const { stdout } = await run([...XDPKIT, 'links'], { netns });
  const [title = '', ...lines] = stdout.trimEnd().split('\n');
  const starts = ['interface', 'state', 'attached at', 'program', 'tag'].map((word) => title.indexOf(word));
  const row = lines.find((line) => line.startsWith('port0'))!;
  expect(row.split(/ {2,}/)).toEqual(['port0', 'up', 'xdp native', `${id}`, 'plain', tag, `${link.info.id}`]);
  expect(['port0', 'up', 'xdp native', 'plain', tag].map((word) => row.indexOf(word))).toEqual(starts);
  expect(lines.find((line) => line.startsWith('port1'))).toMatch(/^port1 +(down|lowerlayerdown) +-$/);
  expect(lines).toHaveLength(3);
});

test('some interfaces, in the order they are named in; one that is not there is an error', async () => {
  const { interfaces } = await links('port1', 'lo');
  expect(interfaces.map(({ name }) => name)).toEqual(['port1', 'lo']);
  const elsewhere = await run([...XDPKIT, 'links', 'port0', '--netns', netns, '--json']);
  expect(jsonLines(elsewhere.stdout)).toMatchObject([{ interfaces: [{ name: 'port0' }] }]);
  const { status, stderr } = await run([...XDPKIT, 'links', 'nope'], { netns });
  expect(status).toBe(1);
  expect(stderr).toContain('[XDP_ERR_NO_INTERFACE]');
});
