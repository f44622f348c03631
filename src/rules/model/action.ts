/** What becomes of a packet that a rule matches. */
export type Action = PlainAction | LimitAction;

/**
 * `drop`; `pass` to the host; `redirect` to the AF_XDP socket of the queue it came in by; `l2-forward`: swap the MAC
 * addresses and send it back; `count` and go on with the next rule; or one of the other forms.
 */
export type PlainAction =
  | 'drop'
  | 'pass'
  | 'redirect'
  | 'l2-forward'
  | 'count'
  | SocketAction
  | InterfaceAction
  | ProgramAction
  | SteerAction;

/** To the AF_XDP socket that is named so, of the queue the packet came in by. A queue without one passes. */
export interface SocketAction {
  /** 1 to 32 letters, digits, dots, dashes and underscores. */
  readonly redirect: { readonly socket: string };
}

/** Out by another interface of the same network namespace, unchanged. */
export interface InterfaceAction {
  /** 1 to 15 characters. */
  readonly redirect: { readonly interface: string };
}

/** Hands over to an XDP program that is pinned: a tail call. Where that fails, the packet passes. */
export interface ProgramAction {
  /** An absolute path, usually below `/sys/fs/bpf`. */
  readonly program: string;
}

/**
 * To the backend that its QUIC connection ID names: a tail call into the steering of this name, which has to run when the rules
 * are loaded. Where the call fails, the packet passes. docs/quic-steering.md
 */
export interface SteerAction {
  /** 1 to 32 letters, digits, dashes and underscores. */
  readonly steer: string;
}

/** One thing up to a rate, another above it: a token bucket. docs/rules.md has its arithmetic. */
export interface LimitAction {
  readonly limit: Limit;
}

/** Either `packets` or `bytes` is given. */
export interface Limit {
  /** Packets a second: 1 to 100,000,000. */
  readonly packets?: number;
  /** Bytes of frames a second: 1 to 100,000,000,000. */
  readonly bytes?: number;
  /** Packets or bytes that may come at once: 1 to 86,400 seconds' worth. Default: one second's worth. */
  readonly burst?: number;
  /** A bucket for each source prefix, instead of one for all packets of the rule. */
  readonly perSource?: SourceLengths;
  /** What becomes of packets within the limit. Default `pass`. */
  readonly within?: PlainAction;
  /** What becomes of packets above the limit. Default `drop`. */
  readonly over?: PlainAction;
}

/** How many leading bits of the source address tell sources apart. */
export interface SourceLengths {
  /** 0 to 32. Default 32. */
  readonly ipv4?: number;
  /** 0 to 128. Default 64: what one host may choose from. */
  readonly ipv6?: number;
}
