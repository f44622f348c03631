import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { calls, ERROR_CODES, Errno, errnoName, isErrno, SystemError, XdpError } from '../../dist/sys/index.js';

const caught = (run: () => unknown): XdpError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(XdpError);
    return error as XdpError;
  }
  throw new Error('nothing was thrown');
};

test('a failed call tells its name, its error number and what it was about', () => {
  const error = caught(() => calls.open('/does/not/exist', 0));
  expect(error).toBeInstanceOf(SystemError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'SystemError',
    code: 'XDP_ERR_SYSTEM',
    call: 'open',
    errno: 2,
    errnoName: 'ENOENT',
    exitCode: 1,
    message: 'open (/does/not/exist): ENOENT, no such file or directory',
  });
  expect(isErrno(error, Errno.ENOENT)).toBe(true);
  expect(isErrno(error, Errno.EPERM, Errno.EACCES)).toBe(false);
});

test('an error takes call and number over from its cause, and becomes JSON without it', () => {
  const cause = new SystemError('bind', Errno.EBUSY);
  const error = new XdpError('XDP_ERR_QUEUE_TAKEN', 'queue 0 is held', { cause, advice: 'choose another' });
  expect(error.cause).toBe(cause);
  expect(error.exitCode).toBe(5);
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'XDP_ERR_QUEUE_TAKEN',
    message: 'queue 0 is held',
    advice: 'choose another',
    call: 'bind',
    errno: Errno.EBUSY,
    errnoName: 'EBUSY',
  });
  const own = new XdpError('XDP_ERR_SYSTEM', 'x', { cause, call: 'connect', errno: Errno.EPERM });
  expect(own).toMatchObject({ call: 'connect', errnoName: 'EPERM' });
});

test('an error without a call has none', () => {
  const error = new XdpError('XDP_ERR_USAGE', 'no');
  expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'XDP_ERR_USAGE', message: 'no' });
  expect('cause' in error).toBe(false);
  expect(isErrno(error, Errno.EPERM)).toBe(false);
  expect(isErrno(new Error('x'), Errno.EPERM)).toBe(false);
});

test('error numbers have the names that Linux network code uses', () => {
  expect([1, 11, 16, 95, 105].map(errnoName)).toEqual(['EPERM', 'EAGAIN', 'EBUSY', 'EOPNOTSUPP', 'ENOBUFS']);
  expect(errnoName(4000)).toBe('errno 4000');
  expect(new SystemError('mmap', 4000).message).toBe('mmap: errno 4000, unknown error');
});

test('every code has an exit code and a summary', () => {
  for (const [code, { exit, summary }] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^XDP_ERR_[A-Z]+(_[A-Z]+)*$/);
    expect([1, 2, 3, 4, 5]).toContain(exit);
    expect(summary).toMatch(/^[a-z].*[^.]$|^an? /);
  }
});

describe('docs/errors.md', () => {
  const path = new URL('../../docs/errors.md', import.meta.url);

  test('has a heading for every code, and for no other', () => {
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, 'utf8');
    const headings = [...text.matchAll(/^#+\s.*?\b(XDP_ERR_[A-Z_]+)\b/gm)].map((match) => match[1]!);
    expect(headings.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
    const mentioned = new Set(text.match(/\bXDP_ERR_[A-Z_]+\b/g));
    expect([...mentioned].filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
