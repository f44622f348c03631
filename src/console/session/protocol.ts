/**
 * What console and process say to each other over the socket: one JSON object on a line, in UTF-8. The process greets, and
 * then answers each request with any number of lines and a last one, `done`, `names` or `refused`. After `refused` it
 * hangs up.
 */
export const PROTOCOL_VERSION = 1;

/** Bytes of a request: a line of 4096 characters fits, even if each is written as an escape of 6. */
export const LONGEST_REQUEST = 32_768;

export type Request =
  /** Runs a line. @property data asks for reports as data instead of text */
  | { readonly type: 'run'; readonly line: string; readonly data: boolean }
  /** Asks for the names of all words, compound ones included. */
  | { readonly type: 'names' };

export type Answer =
  /** The greeting. @property name what the process calls itself */
  | { readonly type: 'hello'; readonly version: number; readonly pid: number; readonly name: string }
  | { readonly type: 'text'; readonly lines: readonly string[] }
  | { readonly type: 'report'; readonly word: string; readonly data: object }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'done'; readonly failure?: { readonly word: string; readonly message: string } }
  | { readonly type: 'names'; readonly names: readonly string[] }
  | { readonly type: 'refused'; readonly message: string };

/** @returns undefined for what is no request */
export function parseRequest(text: string): Request | undefined {
  const value = parseObject(text);
  if (value?.['type'] === 'names') return { type: 'names' };
  const { type, line, data = false } = value ?? {};
  return type === 'run' && typeof line === 'string' && typeof data === 'boolean' ? { type, line, data } : undefined;
}

/** @returns undefined for what is no object */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const encode = (message: Request | Answer): string => `${JSON.stringify(message)}\n`;
