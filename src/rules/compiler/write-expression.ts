import { R6, R7, R9, R10 } from '../../ebpf/index.js';
import { emitExpression, parseExpression } from '../expression/index.js';
import type { EmitExpression } from './compile-options.js';

/**
 * Puts an expression among the rules. Its code wants the frame's end in R7, where rules keep the network header: that is set
 * aside meanwhile.
 */
export const writeExpression: EmitExpression = (a, text, { start, end, stack, stackEnd, yes, no }) => {
  if (start !== R6 || end !== R9) throw new RangeError('an expression wants the frame in R6, and its end in R9');
  const match = a.fresh('expression matches');
  const noMatch = a.fresh('expression does not match');
  a.store('u64', R10, stack, R7).mov(R7, R9);
  emitExpression(a, parseExpression(text), { match, noMatch, next: match }, { stack: stackEnd });
  a.label(match).load('u64', R7, R10, stack).goto(yes);
  a.label(noMatch).load('u64', R7, R10, stack).goto(no);
};
