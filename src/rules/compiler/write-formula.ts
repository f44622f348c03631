import type { Formula } from './formula-node.js';
import type { RuleCode, Targets } from './rule-code.js';
import { writeTest } from './write-test.js';

/** Writes what finds out whether a formula is true: short-circuit evaluation, left to right. */
export function writeFormula(code: RuleCode, formula: Formula, targets: Targets): void {
  if (typeof formula === 'boolean') {
    code.settle(formula ? 'yes' : 'no', targets);
  } else if (formula.kind === 'test') {
    writeTest(code, formula.test, targets);
  } else if (formula.kind === 'not') {
    const { yes, no, next } = targets;
    writeFormula(code, formula.part, { yes: no, no: yes, next: next === 'yes' ? 'no' : 'yes' });
  } else {
    const on = formula.kind === 'and' ? 'yes' : 'no';
    for (const [i, part] of formula.parts.entries()) {
      if (i === formula.parts.length - 1) {
        writeFormula(code, part, targets);
      } else {
        const label = code.fresh(formula.kind);
        writeFormula(code, part, { ...targets, [on]: label, next: on });
        code.a.label(label);
      }
    }
  }
}
