import { type Backend, currentBackend, Errno, useBackend } from '../../dist/sys/index.js';

const SIOCETHTOOL = 0x8946;
/** `struct ethtool_rxnfc`: where the rule, its location, and the count of rules begin. */
const DATA = 8;
const RULE = 16;
const RULE_LENGTH = 168;
const LOCATION = RULE + 160;
const COUNT = RULE + RULE_LENGTH;
const LOCATIONS = COUNT + 4;

/** What a driver with flow steering rules does, for machines without such a NIC: ethtool's ioctls with a table behind. */
export interface NtupleDriver {
  rules: Map<number, Uint8Array>;
  /** The commands that came, in order. */
  readonly commands: number[];
  /** Error number that a command fails with. */
  failing: ReadonlyMap<number, number>;
}

/** @param options `special`: the driver finds a rule's place itself */
export function ntupleDriver(options: { readonly size?: number; readonly special?: boolean } = {}): NtupleDriver {
  const { size = 8, special = false } = options;
  useBackend(undefined);
  const real: Backend = currentBackend();
  const driver: NtupleDriver = { rules: new Map(), commands: [], failing: new Map() };
  const handedOut = new Map<number, Uint8Array>();
  let errno: number | undefined;
  const fail = (number: number) => {
    errno = number;
    return -1;
  };

  function answer(command: number, view: DataView): number {
    const location = view.getUint32(LOCATION, true);
    const rule = () => new Uint8Array(view.buffer, view.byteOffset + RULE, RULE_LENGTH);
    if (command === 0x2e) {
      view.setBigUint64(DATA, BigInt(size) | (special ? 0x8000_0000n : 0n), true);
      view.setUint32(COUNT, driver.rules.size, true);
    } else if (command === 0x30) {
      if (view.getUint32(COUNT, true) < driver.rules.size) return fail(Errno.EMSGSIZE);
      view.setBigUint64(DATA, BigInt(size), true);
      view.setUint32(COUNT, driver.rules.size, true);
      for (const [i, place] of [...driver.rules.keys()].sort((a, b) => a - b).entries()) {
        view.setUint32(LOCATIONS + i * 4, place, true);
      }
    } else if (command === 0x2f) {
      const found = driver.rules.get(location);
      if (found === undefined) return fail(Errno.ENOENT);
      rule().set(found);
    } else if (command === 0x32) {
      const place = location === 0xffff_ffff ? driver.rules.size : location;
      if (place >= size) return fail(Errno.ENOSPC);
      view.setUint32(LOCATION, place, true);
      driver.rules.set(place, rule().slice());
    } else if (command === 0x31) {
      if (!driver.rules.delete(location)) return fail(Errno.ENOENT);
    }
    return 0;
  }

  useBackend({
    ...real,
    errno: () => {
      const number = errno ?? real.errno();
      errno = undefined;
      return number;
    },
    addressOf(memory) {
      const address = real.addressOf(memory);
      if (memory instanceof Uint8Array) handedOut.set(address, memory);
      return address;
    },
    ioctl(fd, request, argument) {
      // struct ifreq: the pointer behind the name.
      const pointer = new DataView(argument.buffer, argument.byteOffset).getBigUint64(16, true);
      const data = request === SIOCETHTOOL ? handedOut.get(Number(pointer)) : undefined;
      const view = data && new DataView(data.buffer, data.byteOffset, data.byteLength);
      const command = view?.getUint32(0, true) ?? 0;
      if (view === undefined || command < 0x2e || command > 0x32) return real.ioctl(fd, request, argument);
      driver.commands.push(command);
      const failure = driver.failing.get(command);
      return failure === undefined ? answer(command, view) : fail(failure);
    },
  });
  return driver;
}
