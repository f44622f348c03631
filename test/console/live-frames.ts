import { Capture } from '../e2e/capture.js';
import { sendByScapy } from '../e2e/scapy.js';
import type { LiveBed } from './live-bed.js';

/** An EtherType for experiments (IEEE 802, 88b5), which no host's kernel sends or answers. */
const EXPERIMENT = 0x88b5;

/** Frames that scapy sends from the first host, and those that tcpdump sees at the second. */
export async function framesThrough(
  live: LiveBed,
  count: number,
  arriving: number,
): Promise<{ readonly sent: Buffer[]; readonly seen: Buffer[] }> {
  const { hosts } = live.bed;
  await using capture = await Capture.start(hosts[1], 'eth0', `ether proto ${EXPERIMENT}`);
  const [from, to] = live.macs;
  const ether = `Ether(src='${from}', dst='${to}', type=${EXPERIMENT})`;
  const sent = await sendByScapy(hosts[0], `[${ether}/bytes([i]*100) for i in range(${count})]`);
  return { sent, seen: await capture.frames(arriving) };
}

/** Offsets at which two frames differ. */
export function differences(a: Buffer, b: Buffer): number[] {
  return [...a.keys()].filter((at) => a[at] !== b[at]);
}
