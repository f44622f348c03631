import { fstatSync } from 'node:fs';
import { expect, test } from 'vitest';
import { calls, OwnedFd, openResources, traceResources } from '../../dist/sys/index.js';

test('closes once; the number may belong to somebody else by then', () => {
  const owned = new OwnedFd(calls.memfd('first', 1), 'first file');
  const { fd } = owned;
  owned.close();
  expect(() => fstatSync(fd)).toThrow('EBADF');
  using next = new OwnedFd(calls.memfd('second', 1), 'second file');
  expect(next.fd).toBe(fd);
  owned.close();
  owned[Symbol.dispose]();
  fstatSync(next.fd);
});

test('says what was closed when it is used later', () => {
  const owned = new OwnedFd(calls.memfd('gone', 1), 'file of the test');
  expect(owned.isClosed).toBe(false);
  owned.close();
  expect(owned.isClosed).toBe(true);
  expect(() => owned.fd).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_CLOSED', message: 'the file of the test is closed' }),
  );
});

test('`using` closes it, also when the block throws', () => {
  let fd = -1;
  expect(() => {
    using owned = new OwnedFd(calls.memfd('block', 1), 'file');
    fd = owned.fd;
    throw new Error('out');
  }).toThrow('out');
  expect(() => fstatSync(fd)).toThrow('EBADF');
});

test('the tracer names the stack that opened what was left open', () => {
  traceResources(true);
  const kept = openSomethingAndForgetIt();
  using closed = new OwnedFd(calls.memfd('closed', 1), 'closed file');
  closed.close();
  const left = openResources();
  expect(left).toHaveLength(1);
  expect(left[0]).toMatchObject({ kind: 'descriptor', what: `${kept.fd} (forgotten file)` });
  expect(left[0]?.stack).toContain('openSomethingAndForgetIt');
  kept.close();
  expect(openResources()).toEqual([]);
  traceResources(false);
  using untraced = new OwnedFd(calls.memfd('untraced', 1), 'untraced file');
  expect(untraced.isClosed).toBe(false);
  expect(openResources()).toEqual([]);
});

function openSomethingAndForgetIt(): OwnedFd {
  return new OwnedFd(calls.memfd('forgotten', 1), 'forgotten file');
}
