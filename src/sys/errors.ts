import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/**
 * Every error code, its meaning and the exit code the command ends with: 1 failure, 2 usage, 3 not permitted,
 * 4 unsupported, 5 conflict. docs/errors.md has an entry for each; a test holds the two together.
 */
export const ERROR_CODES = {
  XDP_ERR_SYSTEM: { exit: 1, summary: 'a system call failed' },
  XDP_ERR_PERMISSION: { exit: 3, summary: 'a capability is missing' },
  XDP_ERR_MEMLOCK: { exit: 3, summary: 'the limit of locked memory is too low' },
  XDP_ERR_PLATFORM: { exit: 4, summary: 'the operating system or its kernel lacks what is needed' },
  XDP_ERR_USAGE: { exit: 2, summary: 'a value on the command line or in an options object is not valid' },
  XDP_ERR_EXPRESSION: { exit: 2, summary: 'a tcpdump expression is not valid, or asks for more than the frame tells' },
  XDP_ERR_CLOSED: { exit: 1, summary: 'the object was used after it was closed' },
  XDP_ERR_NO_INTERFACE: { exit: 1, summary: 'there is no interface of this name' },
  XDP_ERR_NO_NAMESPACE: { exit: 1, summary: 'there is no network namespace of this name' },
  XDP_ERR_INTERFACE_DOWN: { exit: 1, summary: 'the interface is down' },
  XDP_ERR_QUEUES_CHANGED: { exit: 1, summary: 'the number of queues changed while the interface was in use' },
  XDP_ERR_INTERFACE_GONE: { exit: 1, summary: 'the interface went away while it was in use' },
  XDP_ERR_MTU: { exit: 1, summary: 'the MTU of the interface is larger than a frame can hold' },
  XDP_ERR_NO_QUEUE: { exit: 1, summary: 'the interface has fewer queues than were asked for' },
  XDP_ERR_QUEUE_TAKEN: { exit: 5, summary: 'another AF_XDP socket holds the queue' },
  XDP_ERR_FOREIGN_PROGRAM: { exit: 5, summary: 'an XDP program of somebody else is attached' },
  XDP_ERR_NOT_INSTALLED: { exit: 1, summary: 'no rules are installed on the interface' },
  XDP_ERR_INSTALLED: { exit: 5, summary: 'rules are installed on the interface already, or wait to be confirmed' },
  XDP_ERR_NOT_CONFIRMED: { exit: 1, summary: 'a change was rolled back, because nobody confirmed it in time' },
  XDP_ERR_NO_PROGRAM: { exit: 1, summary: 'no XDP program is pinned where rules hand over to one' },
  XDP_ERR_PROTECTED: { exit: 5, summary: 'the interface carries the default route or this very session' },
  XDP_ERR_NATIVE_UNSUPPORTED: { exit: 4, summary: 'the driver has no native XDP' },
  XDP_ERR_ZEROCOPY_UNSUPPORTED: { exit: 4, summary: 'the driver has no zero-copy AF_XDP' },
  XDP_ERR_VERIFIER: { exit: 1, summary: 'the kernel refused the program' },
  XDP_ERR_OBJECT: { exit: 1, summary: 'a file is no BPF object, is damaged, or asks for what xdpkit does not do' },
  XDP_ERR_ASSEMBLER: { exit: 1, summary: 'the instructions do not make a program' },
  XDP_ERR_INTERPRETER: { exit: 1, summary: 'an interpreted program did what the kernel would not let it do' },
  XDP_ERR_NETLINK: { exit: 1, summary: 'the kernel refused a netlink request' },
  XDP_ERR_RING_OVERRUN: { exit: 1, summary: 'more entries were submitted to a ring than it has room for' },
  XDP_ERR_FRAME_OWNER: { exit: 1, summary: 'a frame was given away by somebody who does not own it' },
  XDP_ERR_CAPTURE: { exit: 1, summary: 'a file is no capture of Ethernet frames, or is damaged' },
  XDP_ERR_NO_TAP: { exit: 1, summary: 'there is no tap of this name' },
  XDP_ERR_TAP: { exit: 1, summary: 'a tap is damaged, of another version, or has too many readers' },
  XDP_ERR_TAP_TAKEN: { exit: 5, summary: 'another process has a tap of this name' },
  XDP_ERR_RULES: { exit: 2, summary: 'a rule set is not valid' },
  XDP_ERR_NO_CONSOLE: { exit: 1, summary: 'no process, or not just one, has a console that can be reached' },
  XDP_ERR_NOT_RUNNING: { exit: 1, summary: 'no run, or not just one, is meant' },
  XDP_ERR_RUNNING: { exit: 5, summary: 'a run of this name goes on: it is not started twice, or did not end in time' },
  XDP_ERR_WORD: { exit: 1, summary: 'a word of the console failed' },
  XDP_ERR_WORKER: { exit: 1, summary: 'a worker thread failed' },
  XDP_ERR_INTERNAL: { exit: 1, summary: 'something that should not happen: a bug in xdpkit' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface XdpErrorOptions {
  /** What to do about it, as a sentence. */
  advice?: string | undefined;
  /** The system call behind it. */
  call?: string | undefined;
  /** Its error number. */
  errno?: number | undefined;
  cause?: unknown;
}

/** The root of every error xdpkit throws. Match on `code`; the message is for people. */
export class XdpError extends Error {
  override readonly name: string = 'XdpError';
  readonly code: ErrorCode;
  readonly advice: string | undefined;
  readonly call: string | undefined;
  readonly errno: number | undefined;
  /** The name of `errno`, such as `EPERM`. */
  readonly errnoName: string | undefined;

  constructor(code: ErrorCode, message: string, options: XdpErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const below = options.cause instanceof XdpError ? options.cause : undefined;
    this.code = code;
    this.advice = options.advice;
    this.call = options.call ?? below?.call;
    this.errno = options.errno ?? below?.errno;
    this.errnoName = this.errno === undefined ? undefined : errnoName(this.errno);
  }

  /** What the command exits with when this error ends it. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  toJSON(): Record<string, unknown> {
    const { code, message, advice, call, errno, errnoName: name } = this;
    return { code, message, advice, call, errno, errnoName: name };
  }
}

/** A system call failed, and nobody above knew a better word for it. */
export class SystemError extends XdpError {
  override readonly name: string = 'SystemError';

  constructor(call: string, errno: number, detail?: string) {
    super('XDP_ERR_SYSTEM', `${call}${detail ? ` (${detail})` : ''}: ${errnoName(errno)}, ${errnoText(errno)}`, {
      call,
      errno,
    });
  }
}

const NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(constants.errno)) if (!NAMES.has(value)) NAMES.set(value, name);
// Linux has one number for both; EOPNOTSUPP is the name its network code uses.
NAMES.set(95, 'EOPNOTSUPP');
NAMES.set(11, 'EAGAIN');

/** The symbolic name of an error number: 1 is `EPERM`. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** The error number of a symbolic name. */
export const Errno: Readonly<typeof constants.errno> = constants.errno;

function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';
}

/** Whether `error` is a system call's failure with this error number. */
export function isErrno(error: unknown, ...errnos: number[]): error is XdpError {
  return error instanceof XdpError && error.errno !== undefined && errnos.includes(error.errno);
}
