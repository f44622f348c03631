/** A worker thread of the bridge: forwards between its sockets until it is told to stop, and accounts for every frame. */
import { parentPort, workerData } from 'node:worker_threads';
import { calls, Errno, isErrno, XdpError } from '../sys/index.js';
import { TapProducer } from '../tap/index.js';
import { joinXskSocket, Poller, Umem, type XskSocket } from '../xsk/index.js';
import type { PacketCallback } from './callback.js';
import { Counters, WorkerSlot } from './counters.js';
import { Forwarder } from './forwarder.js';
import { auditFrames } from './frame-audit.js';
import { PipelineMemory } from './pipeline-memory.js';
import { Stages } from './stages.js';
import { warmUp } from './warm-up.js';
import { Seat, STOP, type WorkerFailure, type WorkerMessage, type WorkerPlan } from './worker-plan.js';

/** Turns without a packet before the worker goes to sleep: some 50 µs. */
const PATIENCE = 500;
/** Milliseconds of sleep at most: an order to stop is heard as late. */
const SLEEP = 100;
/** The same while frames wait for a device that did not take them. */
const STALLED_SLEEP = 1;
/**
 * Milliseconds that a sleep may last too long: the kernel's timers have 50 µs of slack (prctl(2), PR_SET_TIMERSLACK), and it takes
 * a while to get a processor again. Where a held packet is waited for, the sleep ends so much earlier and the rest is spent awake.
 */
const OVERSLEEP = 0.15;
/** Turns between two looks at the kernel's counters, under load. */
const SAMPLE_TURNS = 8192;
/** Milliseconds that frames on their way out may take to come back at the end. */
const DRAIN = 500;

const plan = workerData as WorkerPlan;
const seat = new Int32Array(plan.seat);
const say = (message: WorkerMessage) => parentPort?.postMessage(message);

try {
  await start();
} catch (error) {
  say({ type: 'failed', failure: failureOf(error) });
}

async function start(): Promise<void> {
  if (plan.cpu !== undefined) pin(plan.cpu);
  const callback = plan.callback === undefined ? undefined : await loadCallback(plan.callback);
  warmUp(plan.batch, plan.umem);
  say({ type: 'prepared' });
  for (;;) {
    const owner = Atomics.load(seat, Seat.owner);
    if (owner === plan.generation) break;
    if (Atomics.load(seat, Seat.order) === STOP) {
      say({ type: 'left' });
      return;
    }
    Atomics.wait(seat, Seat.owner, owner, SLEEP);
  }
  const umem = Umem.at(plan.umem);
  run(
    umem,
    plan.places.map((place) => joinXskSocket(place, umem)),
    callback,
  );
}

function run(umem: Umem, sockets: readonly XskSocket[], callback: PacketCallback | undefined): void {
  const counters = new Counters(plan.totalSockets, plan.workers, plan.counters);
  const row = counters.workerRow(plan.worker);
  const { slots } = counters;
  const forwarder = new Forwarder({
    umem,
    sockets: plan.sockets.map(({ port, socket, partialChecksums }, i) => {
      return { socket: sockets[i]!, port, row: counters.socketRow(socket), partialChecksums };
    }),
    counters: slots,
    batch: plan.batch,
    batchMemory: plan.batchMemory,
    callback,
    stages: new Stages({
      umem,
      memory: PipelineMemory.at(plan.pipeline),
      sockets: plan.sockets.map(({ port, queue, queues, socket }) => ({ port, queue, queues, number: socket })),
      holdMemory: plan.holdMemory,
      faultLog: plan.faultLog,
      tap: plan.tap && TapProducer.at(plan.tap, plan.worker, umem.arena),
    }),
  });
  const poller = new Poller(sockets.map(({ fd }) => fd));
  const spins = plan.wait === 'spin';
  let turns = slots[row + WorkerSlot.turns]!;
  let idle = 0;
  let sleeps = slots[row + WorkerSlot.sleeps]!;
  const sample = () => {
    forwarder.sample();
    slots[row + WorkerSlot.freeFrames] = umem.pool.free;
    slots[row + WorkerSlot.frames] = umem.frames;
    slots[row + WorkerSlot.turns] = turns;
    slots[row + WorkerSlot.sleeps] = sleeps;
    slots[row + WorkerSlot.deaths] = seat[Seat.deaths]!;
    slots[row + WorkerSlot.lostFrames] = forwarder.lostFrames;
  };

  const longest = () => (forwarder.isStalled ? STALLED_SLEEP : SLEEP);

  if (plan.generation > 0) forwarder.recover();
  // The first turn fills the fill rings: no packet comes before the main thread has put the sockets into the map.
  forwarder.turn();
  sample();
  say({ type: 'ready' });

  for (;;) {
    const order = Atomics.load(seat, Seat.order);
    if (order === STOP) break;
    if (order !== plan.generation) {
      forwarder.release();
      sample();
      Atomics.store(seat, Seat.owner, order);
      Atomics.notify(seat, Seat.owner);
      say({ type: 'left' });
      return;
    }
    turns++;
    idle = forwarder.turn() > 0 ? 0 : idle + 1;
    const nap = idle >= PATIENCE && !spins ? Math.min(longest(), forwarder.patience - OVERSLEEP) : 0;
    if (nap > 0) {
      sample();
      sleeps++;
      const ready = poller.wait(nap);
      // Woken by packets, it stays awake for a while; woken by the clock, it looks once.
      idle = ready > 0 ? 0 : PATIENCE - 1;
    } else if (turns % SAMPLE_TURNS === 0) sample();
  }

  forwarder.release();
  // The program is off the interfaces by now. Send what has come in, and wait for what is on its way.
  const end = performance.now() + DRAIN;
  while ((forwarder.turn() > 0 || sockets.some(({ rings }) => rings.inTx > 0)) && performance.now() < end);
  sample();
  say({ type: 'done', audit: auditFrames(umem, sockets) });
}

/** @throws XDP_ERR_USAGE for a processor that this process may not use */
function pin(cpu: number): void {
  try {
    calls.setAffinity([cpu]);
  } catch (cause) {
    if (!isErrno(cause, Errno.EINVAL)) throw cause;
    throw new XdpError('XDP_ERR_USAGE', `there is no processor ${cpu} that this process may run on`, {
      cause,
      advice: 'taskset -cp $$ lists those it may',
    });
  }
}

async function loadCallback(module: string): Promise<PacketCallback> {
  const { default: callback } = (await import(module)) as { default?: unknown };
  if (typeof callback !== 'function') throw new TypeError(`${module} has no function as its default export`);
  return callback as PacketCallback;
}

function failureOf(error: unknown): WorkerFailure {
  if (error instanceof XdpError) {
    const { code, message, advice, call, errno } = error;
    return { code, message, advice, call, errno };
  }
  return { code: 'XDP_ERR_WORKER', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
