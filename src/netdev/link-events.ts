import type { Link } from './link-message.js';

/**
 * What changed: its name; whether it is set up; whether it has a carrier (a link that is set down loses its carrier too,
 * so that both are told); its MTU; how many queues are in use.
 */
export type LinkChange = 'renamed' | 'up' | 'down' | 'carrier' | 'no-carrier' | 'mtu' | 'queues';

/** Something that happened to an interface. `link` is the interface after it, or what was last known of it. */
export type LinkEvent =
  | { readonly type: LinkChange; readonly link: Link; readonly before: Link }
  | { readonly type: 'added' | 'removed'; readonly link: Link }
  | {
      readonly type: 'moved';
      readonly link: Link;
      readonly to: {
        readonly index: number;
        /** The kernel's number for the namespace it went to, seen from here: {@link findNamespace} finds it. */
        readonly netnsId: number;
      };
    };

/** The events that lead from one state of an interface to the next. What nobody can act on (addresses, counters) is none. */
export function changesBetween(before: Link, link: Link): LinkEvent[] {
  const types: (LinkChange | false)[] = [
    before.name !== link.name && 'renamed',
    before.up !== link.up && (link.up ? 'up' : 'down'),
    before.carrier !== link.carrier && (link.carrier ? 'carrier' : 'no-carrier'),
    before.mtu !== link.mtu && 'mtu',
    (before.rxQueues !== link.rxQueues || before.txQueues !== link.txQueues) && 'queues',
  ];
  return types.flatMap((type) => (type ? { type, link, before } : []));
}
