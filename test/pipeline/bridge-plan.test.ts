import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Device } from '../../dist/device/index.js';
import { planSockets } from '../../dist/pipeline/bridge-plan.js';

/** As much of an interface as a plan looks at. */
const device = (index: number, rxQueues: number, txQueues = rxQueues): Device =>
  ({ link: { index, name: `port${index}`, rxQueues, txQueues }, partialChecksums: index === 1 }) as unknown as Device;
const plan = (queues: (number | [number, number])[], wanted?: number, processors = 64) =>
  planSockets(
    queues.map((count, i) => (Array.isArray(count) ? device(i, ...count) : device(i, count))),
    wanted,
    processors,
  );
const places = (plans: ReturnType<typeof plan>) =>
  plans.map((sockets) => sockets.map(({ port, queue }) => `${port}.${queue}`));

test('4 and 4 queues: as many workers, each with its queue of both interfaces', () => {
  expect(places(plan([4, 4]))).toEqual([
    ['0.0', '1.0'],
    ['0.1', '1.1'],
    ['0.2', '1.2'],
    ['0.3', '1.3'],
  ]);
  expect(places(plan([4, 4], 2))).toEqual([
    ['0.0', '0.2', '1.0', '1.2'],
    ['0.1', '0.3', '1.1', '1.3'],
  ]);
});

test('4 queues and 1: one worker serves them all', () => {
  expect(places(plan([4, 1]))).toEqual([['0.0', '0.1', '0.2', '0.3', '1.0']]);
  expect(() => plan([4, 1], 2)).toThrow(
    expect.objectContaining({
      code: 'XDP_ERR_NO_QUEUE',
      message: expect.stringContaining('port1 has 1'),
      advice: expect.stringContaining('--workers 1'),
    }),
  );
});

test('one queue each, and one interface alone', () => {
  expect(places(plan([1, 1]))).toEqual([['0.0', '1.0']]);
  expect(places(plan([2]))).toEqual([['0.0'], ['0.1']]);
});

test('no more workers than processors, unless they are asked for', () => {
  expect(plan([8, 8], undefined, 2)).toHaveLength(2);
  expect(plan([8, 8], 8, 2)).toHaveLength(8);
});

test('queues that receive only', () => {
  const plans = plan([[4, 2], 4]);
  expect(plans).toHaveLength(2);
  const receiveOnly = plans.flat().filter(({ transmits }) => !transmits);
  expect(receiveOnly.map(({ port, queue }) => [port, queue])).toEqual([
    [0, 2],
    [0, 3],
  ]);
});

test('every queue is served by one worker, every worker can send on every interface', () => {
  const queues = fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 16 }));
  fc.assert(
    fc.property(
      fc.array(queues, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 16 }),
      (interfaces, wanted) => {
        const most = Math.min(...interfaces.flat());
        const plans = plan(interfaces, Math.min(wanted, most));
        expect(plans).toHaveLength(Math.min(wanted, most));
        const sockets = plans.flat();
        expect(sockets.map(({ socket }) => socket).toSorted((a, b) => a - b)).toEqual(sockets.map((_, i) => i));
        expect(new Set(sockets.map(({ port, queue }) => `${port}.${queue}`)).size).toBe(sockets.length);
        expect(sockets).toHaveLength(interfaces.reduce((sum, [rx]) => sum + rx, 0));
        for (const [worker, own] of plans.entries()) {
          for (const { queue, port, partialChecksums, interface: link } of own) {
            expect(queue % plans.length).toBe(worker);
            expect(link).toEqual({ index: port, name: `port${port}` });
            expect(partialChecksums).toBe(port === 1);
          }
          const sends = new Set(own.filter(({ transmits }) => transmits).map(({ port }) => port));
          expect(sends.size).toBe(interfaces.length);
        }
      },
    ),
  );
});
