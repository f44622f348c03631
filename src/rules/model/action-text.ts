import type { Action, Limit, PlainAction } from './action.js';

/** An action in a few words, for people: `drop`, `redirect to socket capture`, `pass up to 1000 packets a second, else drop`. */
export function actionText(action: Action): string {
  return typeof action === 'object' && 'limit' in action ? limitText(action.limit) : plainText(action);
}

/** The same of one that is no limit. */
export function plainText(action: PlainAction): string {
  if (typeof action === 'string') return action;
  if ('program' in action) return `program ${action.program}`;
  if ('steer' in action) return `steer through ${action.steer}`;
  const { redirect } = action;
  return 'socket' in redirect ? `redirect to socket ${redirect.socket}` : `redirect to ${redirect.interface}`;
}

function limitText({ packets, bytes, perSource, within = 'pass', over = 'drop' }: Limit): string {
  const rate = packets === undefined ? `${bytes} bytes` : `${packets} packets`;
  const each = perSource === undefined ? '' : ' from each source';
  return `${plainText(within)} up to ${rate} a second${each}, else ${plainText(over)}`;
}
