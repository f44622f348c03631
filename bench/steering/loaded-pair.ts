import { BpfMap, mapEntry, TestRun, u32 } from 'xdpkit/kernel';
import { BpfObject, type LoadedObject } from 'xdpkit/object';
import { type CidCodec, Steering, SteeringMap } from 'xdpkit/quic';
import { calls, OwnedFd } from 'xdpkit/sys';

const AF_XDP = 44;
const SOCK_RAW = 3;
const SOL_XDP = 283;
const XDP_RX_RING = 2;
/** As bench/c-steering/steering.h has them. */
const OPTIONS = {
  queues: 4,
  capacity: 4096,
  ports: [4433],
  hashSeed: 1,
  insertsPerSecond: 1_000_000,
  counters: 65_536,
};

/** A steering of ours and the same in C, with the same backends and a socket for each of their queues. */
export class LoadedPair implements Disposable {
  readonly ours: TestRun;
  readonly theirs: TestRun;
  readonly #steering: Steering;
  readonly #object: LoadedObject;
  readonly #socket = new OwnedFd(calls.socket(AF_XDP, SOCK_RAW, 0), 'AF_XDP socket');

  constructor(path: string, codec: CidCodec, backends: number) {
    // Linux 7.2 takes no socket into an XSKMAP that can't receive.
    calls.setsockopt(this.#socket.fd, SOL_XDP, XDP_RX_RING, new Uint32Array([64]));
    this.#steering = Steering.load({ ...OPTIONS, codec });
    this.#object = BpfObject.open(path).load();
    this.#steering.addAll(Array.from({ length: backends }, (_, i) => ({ id: i + 1 })));
    for (const name of [SteeringMap.backends, SteeringMap.servers]) {
      for (const [key, value] of this.#map(name).elements()) this.#object.maps.get(name)!.update(key, value);
    }
    const table = BpfMap.openId(this.#map(SteeringMap.maglev).typed('u32', mapEntry).get(0)!)!;
    this.#object.maps.get(SteeringMap.maglev)!.typed('u32', mapEntry).set(0, table);
    table.close();
    for (let key = 0; key < backends * OPTIONS.queues; key++) {
      for (const map of this.#both(SteeringMap.sockets)) map.update(u32(key), u32(this.#socket.fd));
    }
    this.ours = new TestRun(this.#steering.program);
    this.theirs = new TestRun(this.#object.program('steering'));
  }

  /** Throws where the two have done different things: what they return, count, and keep. */
  compare(name: string, frames: Iterable<Uint8Array>): void {
    for (const frame of frames) {
      const [one, other] = [this.ours.run(frame).action, this.theirs.run(frame).action];
      if (one === other) continue;
      throw new Error(`${name}: ours says ${one}, C says ${other}, of ${Buffer.from(frame).toString('hex')}`);
    }
    for (const map of [
      SteeringMap.statistics,
      SteeringMap.counters,
      SteeringMap.flows,
      SteeringMap.load,
      SteeringMap.sketch,
    ]) {
      const [one, other] = this.#both(map).map((each) => contents(map, each));
      if (one !== other)
        throw new Error(`${name}: ${map} differs:\n${one!.slice(0, 2000)}\nin C:\n${other!.slice(0, 2000)}`);
    }
  }

  #map(name: string): BpfMap {
    return this.#steering.maps.get(name)!;
  }

  #both(name: string): [BpfMap, BpfMap] {
    return [this.#map(name), this.#object.maps.get(name)!];
  }

  [Symbol.dispose](): void {
    this.#steering.close();
    this.#object.close();
    this.#socket.close();
  }
}

/** Times are left out: the last two numbers of the statistics, and the last one of a flow. */
function contents(name: string, map: BpfMap): string {
  const timeless = { [SteeringMap.statistics]: 16, [SteeringMap.flows]: 8 }[name] ?? 0;
  const lines: string[] = [];
  for (const [key, value] of map.elements()) {
    const numbers = new BigUint64Array(value.slice().buffer);
    const width = map.valueSize / 8;
    const sums = new Array<bigint>((map.valueSize - timeless) / 8).fill(0n);
    for (const [i, number] of numbers.entries()) if (i % width < sums.length) sums[i % width]! += number;
    if (sums.some((sum) => sum > 0n)) lines.push(`${Buffer.from(key).toString('hex')} ${sums.join(' ')}`);
  }
  return lines.sort().join('\n');
}
