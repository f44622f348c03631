import { threadId } from 'node:worker_threads';
import { XdpError } from '../sys/index.js';
import { addAddress } from './addresses.js';
import { deleteLink, setLink } from './links.js';
import { createNamespace, deleteNamespace, listNamespaces } from './namespaces.js';
import { quietHost } from './quiet-host.js';
import { LAB_PREFIX } from './stale-labs.js';
import { createVeth, type VethEnd } from './veth.js';

/** One end of a veth pair in a lab. */
export interface LabEnd extends VethEnd {
  /** IPv4 and IPv6 addresses with their prefix lengths: `10.0.0.1/24`. */
  readonly addresses?: readonly string[];
  /** Bytes above the Ethernet header. */
  readonly mtu?: number;
  /** Default true. */
  readonly up?: boolean;
}

export interface LabHostOptions extends Omit<LabEnd, 'name' | 'netns' | 'up'> {
  /** Name of the host's own interface; default `eth0`. */
  readonly name?: string;
  /** The other end: where a bridge takes the host's packets from. It is up, without an address. */
  readonly port: Omit<LabEnd, 'addresses' | 'up'>;
}

/** A namespace with one interface. */
export interface LabHost {
  /** Name of the namespace. */
  readonly netns: string;
  /** Name of its interface. */
  readonly name: string;
}

let count = 0;

/**
 * A test bed of network namespaces and veth pairs, all gone when it is closed. Its namespaces carry the number of the
 * process, so that what a killed process leaves behind is known for it (`removeStaleLabs`). Needs CAP_SYS_ADMIN and
 * CAP_NET_ADMIN.
 */
export class Lab implements Disposable {
  /** What the names of its namespaces begin with. */
  readonly name: string;
  readonly #namespaces = new Map<string, string>();
  readonly #veths: VethEnd[] = [];
  #closed = false;

  /** @param label a word in the names of its namespaces, for people */
  constructor(label = 'lab') {
    const taken = listNamespaces();
    // A number of an earlier process may have come back, and a lab of its may still stand.
    do this.name = `${LAB_PREFIX}${process.pid}-${threadId}.${count++}-${label}`;
    while (taken.some((name) => name.startsWith(`${this.name}-`)));
  }

  /**
   * The full name of a namespace of this lab, made at the first use of its label: a quiet host with loopback up.
   *
   * @throws XDP_ERR_CLOSED, XDP_ERR_PERMISSION
   */
  namespace(label: string): string {
    if (this.#closed) throw new XdpError('XDP_ERR_CLOSED', `the lab ${this.name} is closed`);
    const known = this.#namespaces.get(label);
    if (known !== undefined) return known;
    const name = `${this.name}-${label}`;
    createNamespace(name);
    this.#namespaces.set(label, name);
    quietHost(name);
    return name;
  }

  /** Makes a veth pair with both ends set up; an end without `netns` is in the caller's own namespace. */
  veth(options: LabEnd & { readonly peer: LabEnd }): void {
    if (this.#closed) throw new XdpError('XDP_ERR_CLOSED', `the lab ${this.name} is closed`);
    createVeth(options);
    this.#veths.push(options);
    for (const { name, netns, mtu, addresses = [], up = true } of [options, options.peer]) {
      if (mtu !== undefined) setLink(name, { mtu }, { netns });
      for (const address of addresses) addAddress(name, address, { netns, nodad: true });
      if (up) setLink(name, { up }, { netns });
    }
  }

  /** Makes a host: a namespace with one interface, whose other end is set up where `port` says. */
  host(label: string, options: LabHostOptions): LabHost {
    const { name = 'eth0', port, ...rest } = options;
    const netns = this.namespace(label);
    this.veth({ ...rest, name, netns, peer: port });
    return { netns, name };
  }

  /**
   * Removes the pairs, then the namespaces; what is gone already is no matter. Idempotent.
   *
   * Pairs go first and by hand: a namespace is taken apart by the kernel later, in its own time.
   */
  close(): void {
    this.#closed = true;
    const errors: unknown[] = [];
    const attempt = (run: () => void) => {
      try {
        run();
      } catch (error) {
        const gone = ['XDP_ERR_NO_INTERFACE', 'XDP_ERR_NO_NAMESPACE'];
        if (!(error instanceof XdpError && gone.includes(error.code))) errors.push(error);
      }
    };
    for (const { name, netns } of this.#veths.splice(0)) attempt(() => deleteLink(name, { netns }));
    for (const name of this.#namespaces.values()) attempt(() => deleteNamespace(name));
    this.#namespaces.clear();
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A new test bed; see {@link Lab}. */
export function createLab(label?: string): Lab {
  return new Lab(label);
}
