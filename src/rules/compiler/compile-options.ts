import type { Assembler, Register } from '../../ebpf/index.js';

export interface CompileOptions {
  /** Receive queues, or more: the size of the maps of sockets. Default 64. */
  readonly queues?: number;
  /**
   * One list of the rules for all kinds of packets, as very large rule sets have it anyway: smaller and slower. With `tables`
   * besides a function for each form of conditions, and their constants in a table, as the largest ones have it. Default false.
   */
  readonly compact?: boolean | 'tables';
  /** Compiles tcpdump expressions. Default: as libpcap has them. */
  readonly emitExpression?: EmitExpression;
}

/**
 * Writes what finds out whether an expression is true of the frame: it goes to one of the two labels, and may fall
 * through to the one that stands behind it: the kernel takes out every jump to the next instruction by itself, and
 * moves all that follows (opt_remove_nops in kernel/bpf/verifier.c), which takes a minute for ten thousand of them. R0 to R5 are free, R6 to R9 have to stay, and so has the stack but for {@link ExpressionPlace.stack}.
 *
 * @throws XDP_ERR_USAGE for an expression that can't be compiled
 */
export type EmitExpression = (assembler: Assembler, expression: string, place: ExpressionPlace) => void;

export interface ExpressionPlace {
  /** Points to the frame's first byte. Nothing is known of how long the frame is. */
  readonly start: Register;
  /** Points behind the frame's last byte. */
  readonly end: Register;
  /** Bytes of stack that are free: from this offset to R10, which is negative, up to before `stackEnd`. */
  readonly stack: number;
  readonly stackEnd: number;
  /** Goes here when it is true. */
  readonly yes: string;
  readonly no: string;
  /** Which of both stands right behind. */
  readonly next: string;
}
