import { existsSync, writeFileSync } from 'node:fs';
import { withNamespace } from '../sys/index.js';
import { setLink } from './links.js';

/** What an IPv6 host says unasked, and the settings that keep it from it (Documentation/networking/ip-sysctl.rst). */
const SILENT: readonly (readonly [name: string, value: number])[] = [
  ['accept_ra', 0],
  ['autoconf', 0],
  ['router_solicitations', 0],
  ['accept_dad', 0],
  ['dad_transmits', 0],
  // No link-local addresses: each joins a multicast group, and says so.
  ['addr_gen_mode', 1],
];

/**
 * Makes a namespace a host that sends nothing of its own accord, on interfaces that it gets from now on, and brings
 * loopback up. An IPv6 address added later still announces its multicast group once.
 */
export function quietHost(netns: string): void {
  withNamespace(netns, () => {
    for (const scope of ['all', 'default']) {
      for (const [name, value] of SILENT) {
        // The files under /proc/sys/net are those of the namespace that the opening thread is in.
        const path = `/proc/sys/net/ipv6/conf/${scope}/${name}`;
        // A kernel without IPv6 has none of them.
        if (existsSync(path)) writeFileSync(path, String(value));
      }
    }
  });
  setLink('lo', { up: true }, { netns });
}
