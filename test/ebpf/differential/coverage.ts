import { Helper, type InterpreterProgram } from '../../../dist/ebpf/index.js';
import { everyForm, formOf } from '../forms.js';

/** Helpers that random programs call. */
const HELPERS: readonly (keyof typeof Helper)[] = [
  'mapLookupElem',
  'mapUpdateElem',
  'mapDeleteElem',
  'mapLookupPercpuElem',
  'mapPushElem',
  'mapPopElem',
  'mapPeekElem',
  'ktimeGetNs',
  'ktimeGetBootNs',
  'ktimeGetCoarseNs',
  'getPrandomU32',
  'getSmpProcessorId',
  'tailCall',
  'redirect',
  'redirectMap',
  'csumDiff',
  'xdpAdjustHead',
  'xdpAdjustTail',
  'xdpAdjustMeta',
  'xdpGetBuffLen',
  'xdpLoadBytes',
  'xdpStoreBytes',
  'ringbufOutput',
  'ringbufReserve',
  'ringbufSubmit',
  'ringbufDiscard',
  'ringbufQuery',
];

/** What programs executed. */
export class Coverage {
  readonly #slots = new Map<InterpreterProgram, Uint8Array>();
  readonly #forms = new Map<string, number>();
  #steps = 0;

  /** For {@link InterpreterOptions.onStep}. */
  readonly step = (slot: number, program: InterpreterProgram): void => {
    let slots = this.#slots.get(program);
    if (slots === undefined) {
      this.#collect();
      slots = new Uint8Array(program.instructions.length);
      this.#slots.set(program, slots);
    }
    slots[slot] = 1;
    this.#steps++;
  };

  get steps(): number {
    return this.#steps;
  }

  /** Instructions, and helpers, that never ran. */
  missing(): string[] {
    this.#collect();
    const wanted = [...everyForm(), ...HELPERS.map((name) => `helper ${Helper[name]}`)];
    return wanted.filter((form) => !this.#forms.has(form));
  }

  #collect(): void {
    for (const [{ instructions }, slots] of this.#slots) {
      for (const [slot, ran] of slots.entries()) {
        if (ran === 0) continue;
        const instruction = instructions[slot]!;
        const form = formOf(instruction);
        this.#count(form);
        if (form === 'call 0') this.#count(`helper ${instruction.immediate}`);
      }
    }
    this.#slots.clear();
  }

  #count(form: string): void {
    this.#forms.set(form, (this.#forms.get(form) ?? 0) + 1);
  }
}
