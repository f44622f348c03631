import {
  type Assembled,
  Assembler,
  Helper,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  XdpAction,
  XdpContext,
} from '../ebpf/index.js';
import { type FieldWindow, Sum } from './field-window.js';
import type { FramePlan, FrameTemplate } from './frame-plan.js';
import { choose, fold, HALVES, putConstant, putNumber, WORD } from './live-instructions.js';
import { LiveWord } from './live-state.js';
import { Measure } from './measure.js';
import { usage } from './usage.js';

/** Templates that a program tells apart by comparing. */
const MAX_TEMPLATES = 16;
/**
 * What live frames have room for in a page (net/bpf/test_run.c): all but struct xdp_page_head (152 bytes in Linux 6.1, later
 * 112), the headroom and struct skb_shared_info. The kernel refuses only what exceeds the last two.
 */
const LIVE_CAPACITY = 4096 - 152 - 256 - 320;
/** Where the time stands on the stack. */
const TIME = -8;

/**
 * The kernel's writer of a plan's frames: it turns whatever frame stands in the page into the next one, and sends it out of
 * the interface. What it writes is what {@link FrameWriter} writes. The page has to hold the longest template, or a frame
 * that this program wrote before.
 *
 * Its maps: `state` (see {@link liveState}), and where there are several sizes `cycle`, one byte for each of the plan's.
 *
 * @param stride from one frame to the next
 * @throws XDP_ERR_USAGE for a plan that live frames can't send
 */
export function liveProgram(plan: FramePlan, stride: number): Assembled {
  const { templates } = plan;
  const longest = Math.max(...templates.map(({ length }) => length));
  if (longest > LIVE_CAPACITY) {
    throw usage(`a frame of ${longest} bytes is too long for live frames`, `they have up to ${LIVE_CAPACITY} bytes`);
  }
  if (templates.length > MAX_TEMPLATES) {
    throw usage(`live frames have up to ${MAX_TEMPLATES} sizes, not ${templates.length}`, 'use the engine xsk');
  }
  return new LiveProgram(plan, stride, longest).assemble();
}

/**
 * Registers: R6 the context, R7 the frame, R8 the state, R9 the frame's number; R4 and R5 the sums for the checksums of IP
 * header and transport. R0 to R3 are for the moment.
 */
class LiveProgram {
  readonly #a = new Assembler();
  readonly #plan: FramePlan;
  readonly #stride: number;
  readonly #longest: number;
  readonly #measures: boolean;

  constructor(plan: FramePlan, stride: number, longest: number) {
    this.#plan = plan;
    this.#stride = stride;
    this.#longest = longest;
    this.#measures = plan.templates[0]!.measure >= 0;
  }

  assemble(): Assembled {
    const a = this.#a;
    const { templates, windows } = this.#plan;
    a.mov(R6, R1)
      .mapValue(R8, 'state')
      .load('u64', R9, R8, LiveWord.next * 8);
    a.mov(R2, R9)
      .alu('+', R2, this.#stride)
      .store('u64', R8, LiveWord.next * 8, R2);
    if (templates.length > 1 || windows.length > 0 || this.#measures) this.#writeFrame();
    a.mov(R0, XdpAction.tx).exit();
    return a.assemble();
  }

  #writeFrame(): void {
    const a = this.#a;
    const { templates, windows } = this.#plan;
    if (this.#measures) a.call(Helper.ktimeGetNs).store('u64', R10, TIME, R0);
    if (templates.length > 1) this.#chooseTemplate();
    for (const [i, template] of templates.entries()) {
      a.label(`template ${i}`);
      this.#startFrame(template);
      if (i < templates.length - 1) a.goto('fields');
    }
    a.label('fields');
    for (const [i, window] of windows.entries()) this.#putField(window, LiveWord.fields + i);
    this.#putChecksums();
    a.goto('done');
    a.label('drop').mov(R0, XdpAction.drop).exit();
    a.label('done');
  }

  /** Goes to the template of frame R9. */
  #chooseTemplate(): void {
    const a = this.#a;
    const { cycle, cycleKey, templates } = this.#plan;
    if (cycleKey !== undefined) choose(a, cycleKey, cycle.length);
    else {
      const last = cycle.length - 1;
      this.#step(LiveWord.cycle, this.#stride % cycle.length, last, cycle.length);
    }
    a.comment('a bound that the verifier can see').jump('>=', R2, cycle.length, 'drop');
    a.mapValue(R1, 'cycle').alu('+', R1, R2).load('u8', R1, R1, 0);
    for (const i of templates.keys()) a.jump('==', R1, i, `template ${i}`);
    a.goto('drop');
  }

  /** Gives the frame its length, writes what depends on that, and sets R7, R4 and R5. */
  #startFrame(template: FrameTemplate): void {
    const a = this.#a;
    const { length, measure } = template;
    const { templates, layout } = this.#plan;
    a.comment(`${length} bytes`);
    if (templates.length > 1) {
      a.load('u64', R2, R8, LiveWord.bytes * 8)
        .alu('+', R2, length)
        .store('u64', R8, LiveWord.bytes * 8, R2);
    }
    if (length < this.#longest) {
      a.mov(R1, R6)
        .mov(R2, length - this.#longest)
        .call(Helper.xdpAdjustTail)
        .jump('!=', R0, 0, 'drop');
    }
    a.load('u32', R7, R6, XdpContext.data).load('u32', R3, R6, XdpContext.dataEnd);
    a.mov(R1, R7).alu('+', R1, length).jump('>', R1, R3, 'drop');
    for (const at of lengthBytes(this.#plan)) a.store('u8', R7, at, template.bytes[at]!);
    if (layout.headerChecksum >= 0) a.load64(R4, template.headerSum);
    a.load64(R5, template.transportSum);
    if (measure < 0) return;
    for (const { measure: stale } of templates) {
      // What another size measures by may stand in the middle of this one.
      if (stale === measure || stale >= length) continue;
      putConstant(a, template.bytes, stale, Math.min(Measure.length, length - stale));
    }
    this.#putMeasure(template);
  }

  #putMeasure({ bytes, measure }: FrameTemplate): void {
    const a = this.#a;
    putConstant(a, bytes, measure, Measure.sequence);
    a.comment('sequence number').mov(R3, 0).mov(R1, R9);
    putNumber(a, 8, measure + Measure.sequence);
    a.comment('time').load('u64', R1, R10, TIME);
    putNumber(a, 8, measure + Measure.time);
    if (measure % 2 === 1) {
      // Words at odd offsets count with their bytes swapped (RFC 1071, section 2(B)).
      fold(a, R3, 2 * HALVES);
      a.byteOrder('be16', R3);
    }
    a.alu('+', R5, R3);
  }

  /** Writes one field of frame R9. @param word of the state that has its value, if it steps */
  #putField(window: FieldWindow, word: number): void {
    const a = this.#a;
    const { at, width, base, step, count, key, sums } = window;
    a.comment(`${width} bytes at ${at}`);
    if (key === undefined) this.#step(word, (this.#stride % count) * step, base + (count - 1) * step, count * step);
    else {
      choose(a, key, count);
      if (step !== 1) a.load64(R1, step).alu('*', R2, R1);
      a.load64(R1, base).alu('+', R2, R1);
    }
    a.mov(R1, R2).mov(R3, 0);
    putNumber(a, width, at);
    if (sums & Sum.header) a.alu('+', R4, R3);
    if (sums & Sum.transport) a.alu('+', R5, R3);
  }

  /** Sets R2 to a word of the state, and moves that on: by `stride`, and from beyond `last` back by `span`. */
  #step(word: number, stride: number, last: number, span: number): void {
    const a = this.#a;
    const within = a.fresh('within');
    a.load('u64', R2, R8, word * 8);
    if (stride === 0) return;
    a.mov(R3, R2).load64(R1, stride).alu('+', R3, R1);
    a.load64(R1, last).jump('<=', R3, R1, within);
    a.load64(R1, span).alu('-', R3, R1);
    a.label(within).store('u64', R8, word * 8, R3);
  }

  /** Sizes differ in checksums even where nothing else varies. */
  #putChecksums(): void {
    const a = this.#a;
    const { templates, windows, layout, isUdp } = this.#plan;
    const several = templates.length > 1;
    const covered = (sum: number) => windows.filter(({ sums }) => (sums & sum) !== 0);
    const most = (sum: number) => {
      const fields = covered(sum).reduce((total, { width }) => total + (width === 2 ? WORD : HALVES), 0);
      return 4 * WORD + fields + (this.#measures ? 2 * HALVES : 0);
    };
    if (layout.headerChecksum >= 0 && (several || covered(Sum.header).length > 0)) {
      fold(a, R4, most(Sum.header));
      a.alu('^', R4, WORD).byteOrder('be16', R4).store('u16', R7, layout.headerChecksum, R4);
    }
    if (!several && !this.#measures && covered(Sum.transport).length === 0) return;
    fold(a, R5, most(Sum.transport));
    a.alu('^', R5, WORD);
    // RFC 768: 0 would say that there is no checksum.
    if (isUdp) a.jump('!=', R5, 0, 'checked').mov(R5, WORD).label('checked');
    a.byteOrder('be16', R5).store('u16', R7, layout.transportChecksum, R5);
  }
}

/** Bytes of the headers, without checksums, that aren't the same for all sizes: where lengths stand. */
function lengthBytes({ templates, layout }: FramePlan): number[] {
  const { headerChecksum: header, transportChecksum: transport, payload } = layout;
  const checksums = new Set([header, header + 1, transport, transport + 1]);
  return Array.from({ length: payload }, (_, at) => at).filter(
    (at) => !checksums.has(at) && templates.some(({ bytes }) => bytes[at] !== templates[0]!.bytes[at]),
  );
}
