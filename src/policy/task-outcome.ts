import { VerifierError } from '../kernel/index.js';
import { type RuleProblem, RulesError } from '../rules/index.js';
import { type ErrorCode, runInNamespace, XdpError } from '../sys/index.js';

/** What a thread tells of a task: errors lose their class on the way. */
export type Outcome<T> = { readonly value: T } | { readonly error: ToldError };

interface ToldError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string | undefined;
  readonly call: string | undefined;
  readonly errno: number | undefined;
  readonly log: string | undefined;
  readonly problems: readonly RuleProblem[] | undefined;
}

/** On the thread: runs a task. What nobody foresaw stays an error. */
export function outcomeOf<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof XdpError)) throw error;
    const { code, message, advice, call, errno } = error;
    const log = error instanceof VerifierError ? error.log : undefined;
    const problems = error instanceof RulesError ? error.problems : undefined;
    return { error: { code, message, advice, call, errno, log, problems } };
  }
}

/** Runs an exported function of `tasks.ts` on a thread in a namespace. @throws what it throws */
export async function runTask<T>(
  name: string,
  args: readonly unknown[],
  netns: string | undefined,
  signal?: AbortSignal | undefined,
): Promise<T> {
  const outcome = await runInNamespace<Outcome<T>>({
    netns: netns ?? '/proc/thread-self/ns/net',
    module: new URL('./tasks.js', import.meta.url),
    name,
    args,
    ...(signal && { signal }),
  });
  if ('value' in outcome) return outcome.value;
  const { message, ...told } = outcome.error;
  const { code, log, problems, ...options } = told;
  if (problems !== undefined) throw new RulesError(problems);
  const error = new XdpError(code, message, options);
  // As the rest of xdpkit does, so that the verifier's log is at hand.
  throw log === undefined ? error : Object.assign(error, { log });
}
