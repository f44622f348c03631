import { Helper, type TranslatedProgram } from '../../../dist/ebpf/index.js';
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
  readonly #slots = new Map<TranslatedProgram, Uint8Array>();
  readonly #forms = new Set<string>();

  /** For {@link InterpreterOptions.onStep}. */
  readonly step = (slot: number, program: TranslatedProgram): void => {
    let slots = this.#slots.get(program);
    if (slots === undefined) {
      this.#collect();
      slots = new Uint8Array(program.instructions.length);
      this.#slots.set(program, slots);
    }
    slots[slot] = 1;
  };

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
        this.#forms.add(form);
        if (form === 'call 0') this.#forms.add(`helper ${instruction.immediate}`);
      }
    }
    this.#slots.clear();
  }
}
