import { z } from 'zod';
import type {
  Action,
  InterfaceAction,
  Limit,
  LimitAction,
  PlainAction,
  ProgramAction,
  SocketAction,
  SourceLengths,
  SteerAction,
} from './action.js';
import { integer, text, word } from './field-schemas.js';
import type { Shape } from './shape.js';

const socketAction = z
  .strictObject({
    redirect: z.strictObject({
      socket: text(/^[A-Za-z0-9._-]{1,32}$/, '1 to 32 letters, digits, dots, dashes and underscores'),
    } satisfies Shape<SocketAction['redirect']>),
  } satisfies Shape<SocketAction>)
  .meta({ description: 'To the AF_XDP socket of this name, of the queue the packet came in by.' });

const interfaceAction = z
  .strictObject({
    redirect: z.strictObject({
      // dev_valid_name() of net/core/dev.c.
      interface: text(/^(?!\.{1,2}$)[^\s/:]{1,15}$/, 'the name of an interface'),
    } satisfies Shape<InterfaceAction['redirect']>),
  } satisfies Shape<InterfaceAction>)
  .meta({ description: 'Out by another interface.' });

const programAction = z
  .strictObject({
    program: text(/^\/[ -~\u00a0-\uffff]{1,4094}$/, 'the absolute path of a pinned program'),
  } satisfies Shape<ProgramAction>)
  .meta({ description: 'Hands over to a pinned XDP program.' });

const steerAction = z
  .strictObject({
    steer: text(/^[A-Za-z0-9_-]{1,32}$/, '1 to 32 letters, digits, dashes and underscores'),
  } satisfies Shape<SteerAction>)
  .meta({ description: 'To the backend that its QUIC connection ID names, by the steering of this name.' });

const words = ['drop', 'pass', 'redirect', 'l2-forward', 'count'] as const;
const error = `is ${words.join(', ')}, or has redirect, program, steer or limit`;

const plainAction: z.ZodType<PlainAction> = z
  .union([word(words), socketAction, interfaceAction, programAction, steerAction], {
    error: `is ${words.join(', ')}, or has redirect, program or steer`,
  })
  .meta({ id: 'plain-action' });

const sourceLengths = z.strictObject({
  ipv4: z.exactOptional(integer(0, 32)),
  ipv6: z.exactOptional(integer(0, 128)),
} satisfies Shape<SourceLengths>);

const LONGEST_BURST_SECONDS = 86_400;

function limitMakesSense(payload: z.core.ParsePayload<Limit>): void {
  const { packets, bytes, burst } = payload.value;
  const problem = (message: string, path: string[]) =>
    payload.issues.push({ code: 'custom', message, input: payload.value, path });
  if ((packets === undefined) === (bytes === undefined)) problem('needs packets or bytes, one of the two', []);
  const most = (packets ?? bytes ?? 0) * LONGEST_BURST_SECONDS;
  if (burst !== undefined && most > 0 && burst > most)
    problem(`is at most ${most}, a day's worth, not ${burst}`, ['burst']);
}

const limit = z
  .strictObject({
    packets: z.exactOptional(integer(1, 100_000_000)),
    bytes: z.exactOptional(integer(1, 100_000_000_000)),
    burst: z.exactOptional(integer(1, 100_000_000_000 * LONGEST_BURST_SECONDS)),
    perSource: z.exactOptional(sourceLengths),
    within: z.exactOptional(plainAction),
    over: z.exactOptional(plainAction),
  } satisfies Shape<Limit>)
  .check(limitMakesSense)
  .meta({ description: 'A rate: packets or bytes a second, how many may come at once, and what becomes of the rest.' });

const limitAction = z.strictObject({ limit } satisfies Shape<LimitAction>);

export const actionSchema: z.ZodType<Action> = z
  .union([word(words), socketAction, interfaceAction, programAction, steerAction, limitAction], { error })
  .meta({ id: 'action', description: 'What becomes of a packet that the rule matches.' });
