export const AF_INET = 2;
export const AF_INET6 = 10;

/** 4 or 6 for an address family, `undefined` for one that is not IP. */
export function ipVersion(family: number | undefined): 4 | 6 | undefined {
  if (family === AF_INET) return 4;
  return family === AF_INET6 ? 6 : undefined;
}

/** The address family of an address of 4 or 16 bytes. */
export function familyOf(address: Uint8Array): number {
  return address.length === 4 ? AF_INET : AF_INET6;
}
