import { expect, test } from 'vitest';
import { type CidCodecOptions, cidCodec, type SteeringOptions, SteeringReference } from '../../dist/quic/index.js';
import { Random } from '../rules/random.js';
import { randomQuicFrame } from './steering-packets.js';
import { actionOf, InterpretedSteering, KernelSteering, stateOfReference } from './steering-world.js';

/** A million packets, or a few thousand; and those between two changes of backends, after which all tables are compared. */
const [WORLDS, PACKETS, ROUND] = process.env['XDPKIT_LONG'] ? [10, 12_500, 250] : [1, 400, 50];
const SEED = Number(process.env['XDPKIT_SEED'] ?? 1);

const key = (byte: number) => new Uint8Array(16).fill(byte);
const CODECS: readonly CidCodecOptions[] = [
  { codec: 'cidv1' },
  { codec: 'cidv1', position: 5, length: 12 },
  { codec: 'katran' },
  { codec: 'katran', version: 3, length: 17 },
  { codec: 'msquic', serverId: 'ip' },
  { codec: 'quic-lb', configs: [{ id: 0, serverIdLength: 3, nonceLength: 5 }] },
  { codec: 'quic-lb', configs: [{ id: 2, serverIdLength: 4, nonceLength: 12, key: key(7) }] },
  {
    codec: 'quic-lb',
    lengthSelfEncoding: true,
    configs: [
      { id: 0, serverIdLength: 2, nonceLength: 6 },
      { id: 1, serverIdLength: 3, nonceLength: 6, key: key(9) },
    ],
  },
];
/** Statistics that were counted in any world. */
const met = new Set<string>();
const SERVERS = [1, 2, 3, 4, 5, 6, 7, 200];

function randomOptions(random: Random, codec: CidCodecOptions): SteeringOptions {
  return {
    codec: cidCodec(codec),
    queues: random.between(1, 4),
    capacity: 8,
    ...(random.chance(0.8) ? { ports: random.pick([[4433], [443, 4433], [1, 2, 3, 4433]]) } : {}),
    ...(random.chance(0.3) ? { initial: random.pick(['decode', 'hash'] as const) } : {}),
    oddPackets: random.pick(['drop', 'pass'] as const),
    withoutSocket: random.pick(['drop', 'pass'] as const),
    ...(random.chance(0.3) ? { idLength: random.between(1, 20) } : {}),
    counters: 65_536,
    insertsPerSecond: 1_000_000,
    hashSeed: random.u32(),
  };
}

/** Does something to the backends. */
function change({ steering }: KernelSteering, random: Random): void {
  const backends = steering.backends();
  const ids = new Set(backends.map(({ id }) => id));
  const free = SERVERS.filter((id) => !ids.has(id));
  if (backends.length < 2 || (free.length > 0 && random.chance(0.4))) {
    const act = random.pick(['socket', 'socket', 'socket', 'host', 'drop'] as const);
    steering.add({ id: random.pick(free), weight: random.between(1, 5), act });
    return;
  }
  const { id } = random.pick(backends);
  random.pick([
    () => steering.drain(id),
    () => steering.activate(id),
    () => steering.weigh(id, random.between(1, 9)),
    () => steering.remove(id),
  ])();
}

test.each(CODECS.map((codec) => [JSON.stringify(codec), codec] as const))(
  'kernel, interpreter and reference steer alike: %s',
  { timeout: 3_600_000 },
  (_, codec) => {
    for (let world = 0; world < WORLDS; world++) {
      const random = new Random(SEED * 1_000_003 + world);
      const options = randomOptions(random, codec);
      using kernel = new KernelSteering(options);
      const interpreted = new InterpretedSteering({ ...options, insertsPerSecond: 5 });
      // The kernel's clock goes on as it likes, the interpreter's by leaps: each has a reference of its own.
      const [steady, leaping] = [
        new SteeringReference(options),
        new SteeringReference({ ...options, insertsPerSecond: 5 }),
      ];
      let isHasty = true;
      for (let i = 0; i < PACKETS; i++) {
        const where = `seed ${SEED}, world ${world}, packet ${i}`;
        if (i % ROUND === 0) {
          expect(kernel.state, where).toEqual(stateOfReference(steady));
          expect(interpreted.state, where).toEqual(stateOfReference(leaping));
          if (i > 0 || random.chance(0.5)) change(kernel, random);
          kernel.setSockets();
          isHasty = random.chance(0.6);
          const { slots } = kernel;
          for (const one of [interpreted, steady, leaping]) one.setBackends(slots);
        }
        const frame = randomQuicFrame(random, options.codec, SERVERS);
        const queue = random.below(5);
        interpreted.now += BigInt(random.pick(isHasty ? [0, 1, 1000] : [0, 200_000_000, 31_000_000_000]));
        const text = () => `${where}: ${Buffer.from(frame).toString('hex')}`;
        expect(kernel.run(frame), text()).toBe(actionOf(steady.steer(frame)));
        const verdict = leaping.steer(frame, { now: interpreted.now, queue });
        const expectedKey = verdict.to === 'socket' ? verdict.key : undefined;
        expect(interpreted.run(frame, queue), text()).toEqual({ action: actionOf(verdict), key: expectedKey });
      }
      for (const [name, packets] of Object.entries(leaping.statistics)) if (packets > 0) met.add(name);
    }
  },
);

test('the random packets have come by every counter', () => {
  const { variants: _, ...counters } = new SteeringReference({ codec: cidCodec({ codec: 'cidv1' }), queues: 1 })
    .statistics;
  expect([...met].sort()).toEqual(Object.keys(counters).sort());
});
