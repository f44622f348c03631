import { Helper, R0, R1, R2, R3, R4, R5, R10, type Register, XdpContext } from '../../../dist/ebpf/index.js';
import { CALLER_SAVED, CONTEXT, type Draft, POINTER_SLOT, VALUE, VALUE_SIZE } from './draft.js';
import { access, arithmetic, type Block } from './plain-blocks.js';

/** Bytes that a page has for a packet, between headroom and what the kernel keeps at the end. */
const LONGEST_PACKET = 4096 - 256 - 320;

/** Loads and stores behind a comparison with the end of the packet, or, of metadata, with its beginning. */
function window(from: number, to: number): Block {
  return (d) => {
    const { random, code } = d;
    if (d.budget.branches === 0) return arithmetic(d);
    d.budget.branches--;
    const [start, end, limit] = d.scalars(3) as [Register, Register, Register];
    const length = random.between(8, 60);
    const skip = d.label('outside');
    d.without([start, end, limit], () => {
      code.load('u32', start, CONTEXT, from).load('u32', end, CONTEXT, to);
      if (random.chance(0.3)) {
        const by = d.scalar();
        code.alu('&', by, random.pick([1, 7, 15, 63])).alu('+', start, by);
      }
      code.mov(limit, start).alu('+', limit, length);
      compare(d, limit, end, skip);
      if (random.chance(0.2)) code.store('u64', R10, POINTER_SLOT, start).load('u64', start, R10, POINTER_SLOT);
      for (let i = random.between(1, 4); i > 0; i--) {
        access(d, start, (size) => random.between(0, length - size));
      }
      if (random.chance(0.3)) code.alu('-', end, start).store('u64', R10, d.slot(), end);
      code.label(skip);
    });
  };
}

/** Goes to `skip` where `limit` is behind `end`, in one of the ways that the verifier understands. */
function compare({ random, code }: Draft, limit: Register, end: Register, skip: string): void {
  const form = random.below(4);
  if (form === 0) code.jump('>', limit, end, skip);
  else if (form === 1) code.jump('<', end, limit, skip);
  else {
    const inside = code.fresh('inside');
    if (form === 2) code.jump('<=', limit, end, inside);
    else code.jump('>=', end, limit, inside);
    code.goto(skip).label(inside);
  }
}

/** Numbers of the context. */
const context: Block = (d) => {
  const { random, code } = d;
  const field = random.pick([XdpContext.ingressIfindex, XdpContext.rxQueueIndex]);
  code.load(random.chance(0.8) ? 'u32' : 's32', d.scalar(), CONTEXT, field);
};

/** Helpers that move the ends of the packet. */
const adjust: Block = (d) => {
  const { random, code } = d;
  const helper = random.pick([Helper.xdpAdjustHead, Helper.xdpAdjustTail, Helper.xdpAdjustMeta]);
  d.call(helper, () => {
    const step = helper === Helper.xdpAdjustMeta && random.chance(0.8) ? 4 : 1;
    code.mov(R1, CONTEXT).mov(R2, step * random.between(-24, 24));
    if (random.chance(0.1)) code.mov(R2, random.pick([-256, -216, 300, 4000, -4000]));
    else if (random.chance(0.2)) code.mov(R2, d.scalar());
  });
};

/** The same at their limits: the end of the page, and the longest metadata. */
const adjustToTheLimit: Block = (d) => {
  const { random, code } = d;
  const near = random.between(-1, 1);
  d.without(CALLER_SAVED, () => {
    code.mov(R1, CONTEXT);
    if (random.chance(0.5)) {
      code
        .call(Helper.xdpGetBuffLen)
        .mov(R1, CONTEXT)
        .mov(R2, LONGEST_PACKET + near)
        .alu('-', R2, R0);
      code.call(Helper.xdpAdjustTail);
      code.mov(R1, CONTEXT).mov(R2, -random.between(0, LONGEST_PACKET)).call(Helper.xdpAdjustTail);
    } else {
      code.mov(R2, random.between(36, 100)).call(Helper.xdpAdjustHead);
      code
        .mov(R1, CONTEXT)
        .mov(R2, random.pick([-252, -255, -256, 4 * near]))
        .call(Helper.xdpAdjustMeta);
    }
    code.store('u64', R10, d.slot(), R0);
  });
};

/** Helpers that copy between packet and stack. */
const copy: Block = (d) => {
  const { random, code } = d;
  d.call(random.pick([Helper.xdpLoadBytes, Helper.xdpStoreBytes]), () => {
    const length = random.between(1, VALUE_SIZE);
    code.mov(R1, CONTEXT).mov(R2, random.between(0, 80)).mov(R3, R10).alu('+', R3, VALUE).mov(R4, length);
    const variable = random.below(10);
    if (variable < 4) code.mov(R2, d.scalar());
    if (variable < 2) code.alu('&', R2, 127);
  });
};

const checksum: Block = (d) => {
  const { random, code } = d;
  const range = (pointer: Register, size: Register): void => {
    const length = random.chance(0.2) ? 0 : random.between(1, VALUE_SIZE);
    if (length === 0) code.mov(pointer, 0);
    else code.mov(pointer, R10).alu('+', pointer, VALUE);
    code.mov(size, length);
  };
  d.call(Helper.csumDiff, () => {
    range(R1, R2);
    range(R3, R4);
    code.mov(R5, random.chance(0.5) ? d.scalar() : random.immediate());
  });
};

/** Helpers whose result is the same every time, or made so. */
const surroundings: Block = (d) => {
  const { random, code } = d;
  const changing = [Helper.ktimeGetNs, Helper.ktimeGetBootNs, Helper.ktimeGetCoarseNs, Helper.getPrandomU32];
  const helper = random.pick([Helper.getSmpProcessorId, Helper.xdpGetBuffLen, ...changing]);
  const isChanging = changing.includes(helper as (typeof changing)[number]);
  d.call(
    helper,
    () => code.mov(R1, CONTEXT),
    () => isChanging && code.alu('>>', R0, 63),
  );
};

/** A verdict that is a redirect, into a number; seldom it ends the program. */
const redirect: Block = (d) => {
  const { random, code } = d;
  const flags = random.chance(0.8) ? random.below(4) : random.pick([4, 8, 9, 16, 24, 32, 256, -1]);
  if (random.chance(0.2)) {
    d.call(Helper.redirect, () => code.mov(R1, random.between(0, 3)).mov(R2, random.chance(0.7) ? 0 : flags));
  } else {
    const map = random.pick(['devmap', 'devmapHash', 'cpumap', 'xskmap']);
    d.call(Helper.redirectMap, () => {
      code.mov(R2, random.between(0, 6)).mov(R3, flags);
      if (random.chance(0.2)) code.mov(R2, d.scalar());
      d.map(R1, map);
    });
  }
};

/** What only the main function, which has the context, is made of. */
export const PACKET_BLOCKS: readonly (readonly [number, Block])[] = [
  [5, window(XdpContext.data, XdpContext.dataEnd)],
  [1, window(XdpContext.dataMeta, XdpContext.data)],
  [1, context],
  [2, adjust],
  [1, adjustToTheLimit],
  [1, copy],
  [1, checksum],
  [1, surroundings],
  [1, redirect],
];
