/** Settings of a device that are numbers, read by one message of ethtool netlink and set by another. */
export interface NumberGroup<Name extends string> {
  /** In words: `ring sizes`. */
  readonly what: string;
  readonly getCommand: number;
  readonly setCommand: number;
  /** Attribute types of the values. */
  readonly current: Readonly<Record<Name, number>>;
  /** Attribute types of the largest values. */
  readonly maximum: Readonly<Partial<Record<Name, number>>>;
}

/** A group of numbers; one that the device doesn't have is absent. */
export type Numbers<Name extends string> = { readonly [name in Name]?: number };

export interface NumbersWithMaximum<Name extends string> {
  readonly current: Numbers<Name>;
  /** The largest values that can be set. */
  readonly maximum: Numbers<Name>;
}

/** Channels of a device by what they do: a combined one is an RX queue and a TX queue, an `other` one neither. */
export type Channels = Numbers<'rx' | 'tx' | 'combined' | 'other'>;

/** Descriptors in each of a device's RX and TX rings; jumbo and mini rings are extra ones of a few old drivers. */
export type RingSizes = Numbers<'rx' | 'rxMini' | 'rxJumbo' | 'tx'>;

/** How long, and for how many frames, a device may put off an interrupt. */
export type Coalescing = Numbers<'rxMicroseconds' | 'rxFrames' | 'txMicroseconds' | 'txFrames'>;

// The numbers are those of include/uapi/linux/ethtool_netlink.h.

export const CHANNELS: NumberGroup<keyof Channels> = {
  what: 'channels',
  getCommand: 17,
  setCommand: 18,
  current: { rx: 6, tx: 7, other: 8, combined: 9 },
  maximum: { rx: 2, tx: 3, other: 4, combined: 5 },
};

export const RINGS: NumberGroup<keyof RingSizes> = {
  what: 'ring sizes',
  getCommand: 15,
  setCommand: 16,
  current: { rx: 6, rxMini: 7, rxJumbo: 8, tx: 9 },
  maximum: { rx: 2, rxMini: 3, rxJumbo: 4, tx: 5 },
};

export const COALESCING: NumberGroup<keyof Coalescing> = {
  what: 'interrupt coalescing',
  getCommand: 19,
  setCommand: 20,
  current: { rxMicroseconds: 2, rxFrames: 3, txMicroseconds: 6, txFrames: 7 },
  maximum: {},
};
