/** An address as reports have it. */
export interface DescribedMac {
  readonly mac: string;
  /** Who the IEEE has given its prefix to; null where that is nobody, or not known. */
  readonly vendor: string | null;
  /** Whether it was made up where it is used, instead of by a vendor (IEEE 802, the U/L bit). */
  readonly local: boolean;
  /** Whether it means several hosts. */
  readonly group: boolean;
}

/** Who the IEEE has given the prefix of an address to. */
export type VendorLookup = (mac: string) => string | undefined;

export function describeMac(mac: string, vendorOf: VendorLookup): DescribedMac {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  const local = (first & 2) !== 0;
  return { mac, vendor: local ? null : (vendorOf(mac) ?? null), local, group: (first & 1) !== 0 };
}

/** `00:23:7d:86:71:ff Hewlett Packard` */
export function macLine({ mac, vendor, local, group }: DescribedMac): string {
  if (mac === 'ff:ff:ff:ff:ff:ff') return `${mac} (broadcast)`;
  const marks = [vendor, group && '(group)', local && '(locally administered)'].filter(Boolean);
  return [mac, ...(marks.length > 0 ? marks : ['(unknown vendor)'])].join(' ');
}
