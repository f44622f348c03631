import type { Host } from './network.js';
import type { Given, Nic } from './nic.js';

/** What main.ts tells traffic.vm.ts, as JSON in `XDPKIT_VM_BED`. */
export interface TrafficBed extends Given {
  /** What guest and host share. */
  readonly folder: string;
  readonly nic: Nic;
  readonly hosts: readonly [Host, Host];
  readonly mtu: number;
  /** Further options of the bridge. */
  readonly bridge: readonly string[];
}

/** What was measured, which traffic.vm.ts writes into `figures.json`. */
export interface TrafficFigures {
  mode?: string;
  zeroCopy?: boolean;
  queues?: number;
  /** Bits a second. */
  tcp?: number;
  udp?: { readonly packets: number; readonly lost: number };
  copy?: { readonly bytes: number; readonly seconds: number };
  forwarded?: number;
}
