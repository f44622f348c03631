// needs: clang-14, bpftool, ip, nsenter
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BpfMap, bpffs, u32 } from '../../dist/kernel/index.js';
import { createLab, getLink } from '../../dist/netdev/index.js';
import { Backend, BackendQueues, cidCodec } from '../../dist/quic/index.js';
import { FarEnd } from '../kernel/far-end.js';
import { failOnLeaks, run } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';

failOnLeaks();

/** IPv4, UDP to port 4433 without a checksum, a QUIC long header with this destination ID. */
function quicFrame(id: Uint8Array, length = 1200): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
  frame.set([0x45, 0, (length - 14) >> 8, length - 14, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
  frame.set([0x30, 0x39, 4433 >> 8, 4433 & 255, (length - 34) >> 8, length - 34, 0, 0], 34);
  frame.set([0xc0, 0, 0, 0, 1, id.length, ...id, 0], 42);
  return frame;
}

test("a filter in C with the seed's maps, pinned by bpftool: our backends enter its xsks_map and get its packets", async () => {
  using lab = createLab('filter');
  const [netns, farNetns] = [lab.namespace('near'), lab.namespace('far')];
  lab.veth({ name: 'port0', netns, peer: { name: 'eth0', netns: farNetns } });
  using far = new FarEnd(getLink('eth0', { netns: farNetns }).index, farNetns);
  const pins = `${bpffs()}/xdpkit-test-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'xdpkit-filter-'));
  const source = fileURLToPath(new URL('./c/xdp_filter.c', import.meta.url));
  const object = join(folder, 'xdp_filter.o');
  const include = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  try {
    run(`clang-14 -O2 -g -target bpf ${include} -c ${source} -o ${object}`);
    run(`mkdir -p ${pins}`);
    run(`bpftool prog load ${object} ${pins}/xdp_prog type xdp pinmaps ${pins}`);
    // `ip netns exec` would hide the bpffs.
    const inside = [
      `--net=/run/netns/${netns}`,
      'ip',
      'link',
      'set',
      'dev',
      'port0',
      'xdp',
      'pinned',
      `${pins}/xdp_prog`,
    ];
    execFileSync('nsenter', inside);

    using map = BpfMap.openPinned(`${pins}/xsks_map`);
    const queues = await BackendQueues.open(getLink('port0', { netns }), {
      capacity: 4,
      frameSize: 2048,
      netns,
      keepers: 1,
    });
    const codec = cidCodec({ codec: 'cidv1' });
    const ids = [7, 63, 64, 1000];
    const counts = ids.map(() => ({ own: 0, others: 0 }));
    const backends = ids.map((id, slot) => {
      const sockets = queues.openSockets(slot);
      sockets.enter({ set: (_, fd) => map.update(u32(id % 64), u32(fd)), unset: () => map.delete(u32(id % 64)) });
      const backend = Backend.at(sockets.place(id));
      backend.onPacket((packet) => {
        const named = codec.decode(packet.copy().subarray(48, 56));
        counts[slot]![named === id ? 'own' : 'others']++;
        return -1;
      });
      return backend;
    });
    for (let round = 0; round < 50; round++) {
      for (const id of ids) for (let i = 0; i < 10; i++) far.send(quicFrame(codec.encode(id)));
      // Of no backend that is here, and no CIDv1: the filter drops the one and passes the other.
      far.send(quicFrame(codec.encode(5)));
      far.send(quicFrame(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)));
      await expect.poll(() => counts.map(({ own }) => own), { interval: 1 }).toEqual(ids.map(() => (round + 1) * 10));
    }
    expect(counts).toEqual(ids.map(() => ({ own: 500, others: 0 })));
    const dump = JSON.parse(run(`bpftool -j map dump pinned ${pins}/cid_counter`)) as unknown[];
    expect(dump.length).toBeGreaterThan(1000);
    for (const backend of backends) backend.close();
    expect(await queues.close()).toSatisfy((accounts) => isWhole(accounts, 1));
  } finally {
    lab.close();
    rmSync(folder, { recursive: true });
    run(`rm -r ${pins}`);
  }
});
