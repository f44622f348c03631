import type { Operand } from '../interpreter/operand.js';
import type { PipelineControl } from './pipeline-control.js';

/** An interface, by its index or its name. */
export function portOf(control: PipelineControl): Operand<number> {
  return {
    describe: () => {
      const names = control.interfaces().map(({ name }, index) => `${index} ${name}`);
      return `an interface: ${names.join(', ') || 'there is none'}`;
    },
    convert: ({ text }) => {
      const links = control.interfaces();
      const index = /^\d{1,9}$/.test(text) ? Number(text) : links.findIndex(({ name }) => name === text);
      return index >= 0 && index < links.length ? index : undefined;
    },
  };
}
