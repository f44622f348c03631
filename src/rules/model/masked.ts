import type { z } from 'zod';
import { parseIp } from '../../wire/index.js';
import { hexBytes, ipText } from './addresses.js';

/** Says so when a value has bits outside of its mask, which nothing could ever match, and tells the right value. */
function refuseOutside(
  payload: z.core.ParsePayload<unknown>,
  key: string,
  value: Uint8Array,
  mask: Uint8Array,
  write: (bytes: Uint8Array) => string,
): void {
  const right = value.map((byte, i) => byte & mask[i]!);
  if (right.every((byte, i) => byte === value[i])) return;
  payload.issues.push({
    code: 'custom',
    message: `has bits outside of the mask: "${write(value)}" should be "${write(right)}"`,
    input: payload.value,
    path: [key],
  });
}

/** The check of `address` and `mask`. */
export function maskedAddress(payload: z.core.ParsePayload<{ address: string; mask: string }>): void {
  const { address, mask } = payload.value;
  refuseOutside(payload, 'address', parseIp(address), parseIp(mask), ipText);
}

/** The check of `value` and `mask`. */
export function maskedBytes(payload: z.core.ParsePayload<{ value: string; mask?: string }>): void {
  const { value, mask } = payload.value;
  if (mask === undefined) return;
  if (mask.length !== value.length) {
    const message = `has ${mask.length / 2} bytes, and value ${value.length / 2}`;
    payload.issues.push({ code: 'custom', message, input: payload.value, path: ['mask'] });
    return;
  }
  refuseOutside(payload, 'value', hexBytes(value), hexBytes(mask), (bytes) => Buffer.from(bytes).toString('hex'));
}
