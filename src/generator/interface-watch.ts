import { type Link, watchLinks } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';

/** Looks out for the end of an interface that is in use. */
export class InterfaceWatch {
  /** Rejects with XDP_ERR_INTERFACE_GONE when it was removed, or moved to another namespace; otherwise never settles. */
  readonly lost: Promise<never>;
  readonly #watch;

  constructor(link: Link, netns: string | undefined) {
    const watch = watchLinks({ netns }).unref();
    this.#watch = watch;
    this.lost = new Promise((_, reject) => {
      const follow = async () => {
        for await (const event of watch) {
          if (event.link.index !== link.index || (event.type !== 'removed' && event.type !== 'moved')) continue;
          throw new XdpError('XDP_ERR_INTERFACE_GONE', `${link.name} went away while it was in use`);
        }
      };
      follow().catch(reject);
    });
    this.lost.catch(() => {});
  }

  /** Idempotent. */
  close(): void {
    this.#watch.close();
  }
}
