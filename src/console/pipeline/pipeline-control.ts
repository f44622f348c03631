/**
 * What the console needs of a packet pipeline, and all it can do to it. Reports are taken at the moment of the call;
 * changes hold from the next batch on, and stop no worker. Interfaces are meant by their index, which the caller has
 * checked; values lie in the ranges given here. Whatever is thrown fails the word that asked, nothing else.
 */
export interface PipelineControl {
  /** In the order of their indices. */
  interfaces(): readonly InterfaceReport[];
  /** One of the interface's queues; undefined when it has no such queue. */
  queue(port: number, queue: number): QueueReport | undefined;
  /** What came in by an interface, by EtherType and depth of VLAN tags. */
  etherTypes(port: number): readonly EtherTypeReport[];
  /** Who sent what came in by an interface. */
  macs(port: number): MacTableReport;
  /** Whether source addresses and EtherTypes are counted. */
  setStatistics(on: boolean): void;
  readonly tap: TapControl;
  readonly callback: CallbackControl;
  /** Packets from or to one of these are discarded. */
  readonly drops: MacSet;
  readonly faults: FaultControl;
}

/** The function of the application that says where packets go. */
export interface CallbackControl {
  /** Loads it again, from its file. Rejects when there is none, or when it can't be loaded: then the old one goes on. */
  reload(): Promise<unknown>;
}

export interface InterfaceReport {
  readonly name: string;
  readonly driver: string;
  /** How many. */
  readonly queues: number;
  readonly zeroCopy: boolean;
  /** Packets. */
  readonly rx: number;
  readonly tx: number;
  /** Discarded by the callback or the drop set. */
  readonly drop: number;
  /** The callback named an interface that there isn't. */
  readonly noif: number;
  /** Could not be sent. */
  readonly err: number;
  readonly rxTap: boolean;
  readonly txTap: boolean;
}

export interface QueueReport {
  readonly worker: number;
  /** By name, in the order to be shown in: packets, bytes, drops by reason. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface EtherTypeReport {
  /** 0 to 0xffff. */
  readonly etherType: number;
  /** VLAN tags around it, 0 to 4. */
  readonly level: number;
  readonly packets: number;
  readonly bytes: number;
  /** The last source address, lower case with colons. */
  readonly lastSource: string;
}

export interface MacTableReport {
  readonly entries: readonly MacReport[];
  /** Packets whose source found no room in the table. */
  readonly overflow: number;
}

export interface MacReport {
  /** Lower case with colons. */
  readonly mac: string;
  readonly packets: number;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly lastSeen: number;
}

/** A set of Ethernet addresses, lower case with colons. */
export interface MacSet {
  /** @throws XdpError when the set is full */
  insert(mac: string): void;
  reset(): void;
  list(): readonly string[];
}

export interface TapControl {
  /** Only packets from or to one of these are tapped; all, when the set is empty. */
  readonly macs: MacSet;
  set(port: number, direction: 'rx' | 'tx', on: boolean): void;
  status(): TapReport;
}

/** The queue that the tap fills. Counts are packets. */
export interface TapReport {
  /** Name of the shared memory: `ixdp.pqueue.tap`. */
  readonly queue: string;
  /** Packets that it holds, and could hold. */
  readonly waiting: number;
  readonly capacity: number;
  readonly tapped: number;
  readonly collected: number;
  /** The queue was full. */
  readonly lost: number;
  /** In the hands of collectors that died. */
  readonly abandoned: number;
  /** That are attached. */
  readonly collectors: number;
}

export interface FaultControl {
  /** Only packets from one of these suffer; all, when the set is empty. */
  readonly sources: MacSet;
  /** Only packets to one of these suffer; all, when the set is empty. */
  readonly destinations: MacSet;
  /** Changes what is named, and nothing else. */
  set(change: Partial<FaultSettings>): void;
  /** Changes what is named, and nothing else. */
  setPort(port: number, change: Partial<PortFaultSettings>): void;
  /** Begins the sequence of faults anew, with the seed that it has. */
  restart(): void;
  status(): FaultReport;
}

/** What holds for all interfaces. Probabilities are in 1/1000, amounts in bytes up to 65,535. */
export interface FaultSettings {
  readonly dropProbability: number;
  readonly corruptProbability: number;
  /** Bytes to invert, at random places behind the first EtherType. */
  readonly corruptAmount: number;
  readonly growProbability: number;
  /** Random bytes to append. */
  readonly growAmount: number;
  readonly shrinkProbability: number;
  /** Bytes to cut off. */
  readonly shrinkAmount: number;
  /** 0 to 2^32 - 1. Setting it starts the sequence of faults anew. */
  readonly seed: number;
  /** Whether checksums that a fault broke are put right. */
  readonly mendChecksums: boolean;
}

export const DISTRIBUTIONS = ['uniform', 'normal', 'pareto', 'paretonormal'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** What is set for an interface by itself; it holds for what comes in there. Probabilities are in 1/100,000. */
export interface PortFaultSettings {
  readonly enabled: boolean;
  /** One bit, behind byte 14. */
  readonly bitflipProbability: number;
  readonly duplicateProbability: number;
  /** Microseconds, up to 60 seconds. */
  readonly delay: number;
  /** How far the delay may differ, in microseconds, up to 60 seconds. */
  readonly jitter: number;
  readonly distribution: Distribution;
  /** How much a delay is like the one before. */
  readonly delayCorrelation: number;
  /** Packets that are sent at once, while others are delayed. */
  readonly reorderProbability: number;
  /** Only every so many packets may be reordered; 0 and 1: any. Up to 1,000,000. */
  readonly reorderGap: number;
  readonly gilbert: GilbertElliott;
  /** Bits a second, up to 10^12; 0: as fast as it goes. */
  readonly rate: number;
  /** Bytes that may go at once after idle time, up to 10^9. */
  readonly burst: number;
}

/** Loss in bursts: a good and a bad state, each with its loss. In 1/100,000. */
export interface GilbertElliott {
  /** From good to bad, by packet. */
  readonly p: number;
  /** From bad to good, by packet. */
  readonly r: number;
  /** Loss in the bad state: tc-netem's 1 - h. */
  readonly lossBad: number;
  /** Loss in the good state: tc-netem's 1 - k. */
  readonly lossGood: number;
}

export interface FaultReport extends FaultSettings {
  /** In the order of the interfaces' indices. */
  readonly ports: readonly PortFaultReport[];
}

export interface PortFaultReport extends PortFaultSettings {
  /** Packets that suffered, since the start. */
  readonly counts: FaultCounts;
}

export interface FaultCounts {
  readonly dropped: number;
  readonly corrupted: number;
  readonly grown: number;
  readonly shrunk: number;
  readonly bitflipped: number;
  readonly duplicated: number;
  readonly delayed: number;
  readonly reordered: number;
  /** Lost to the Gilbert-Elliott model. */
  readonly burstLost: number;
  /** Held at this moment: delayed, or waiting for the rate. */
  readonly held: number;
  /** Dropped because no more could be held. */
  readonly holdOverflow: number;
}
