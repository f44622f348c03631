/** What stands before a value, and holds for further values behind `and` and `or`. */
export interface Qualifiers {
  /** `tcp`, `ip6`, ...: one of PROTOCOLS, or nothing. */
  readonly protocol: string | undefined;
  readonly direction: Direction | undefined;
  readonly kind: 'host' | 'net' | 'port' | 'portrange' | 'proto';
}

/** `either` is `src or dst`, `both` is `src and dst`; nothing means `either`. */
export type Direction = 'src' | 'dst' | 'either' | 'both';
