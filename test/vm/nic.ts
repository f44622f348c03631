import type { Kernel } from './cache.js';

export const NICS = ['none', 'virtio', 'igb'] as const;
export type Nic = (typeof NICS)[number];

/** Queues of a tap: two to receive on, for two processors, and two that virtio-net wants for what XDP sends. */
export const TAP_QUEUES = 4;

/** The module that drives it. */
export const NIC_MODULES: Readonly<Record<Nic, readonly string[]>> = {
  none: [],
  virtio: ['virtio_net'],
  igb: ['igb'],
};

export interface Given {
  readonly mode: 'native' | 'generic';
  readonly zeroCopy: boolean;
  readonly multiBuffer: boolean;
  /** Whether sockets learn which NAPI instance to poll: until Linux 6.14 igb gives its receive queues the id 0, and generic mode none. */
  readonly polled: boolean;
}

/** Above this MTU packets come in several frames. */
const ONE_FRAME = 3818;

/**
 * What a driver gives: where it works in our memory (virtio-net receives so since 6.11, and sends since 6.13; igb does both
 * since 6.14), but not where packets come in several frames (xdp_zc_max_segs is 1); and whether it copes with those at all:
 * igb_xdp_setup() refuses what exceeds its buffer, and the program is generic then.
 */
export function given(kernel: Kernel, nic: Nic, mtu: number): Given {
  const multiBuffer = mtu > ONE_FRAME;
  const mode = multiBuffer && nic === 'igb' ? 'generic' : 'native';
  const polled = kernel === '7.2' || (mode === 'native' && nic === 'virtio');
  return { mode, zeroCopy: kernel === '7.2' && !multiBuffer, multiBuffer, polled };
}

/** QEMU's arguments for one NIC behind each of the taps. */
export function nicArguments(nic: Nic, taps: readonly string[]): string[] {
  if (nic === 'none') return [];
  return taps.flatMap((tap, i) => {
    const mac = `52:54:00:00:00:0${i + 1}`;
    const backend = `tap,id=net${i},ifname=${tap},script=no,downscript=no,vhost=off`;
    const common = `netdev=net${i},mac=${mac},romfile=`;
    if (nic === 'virtio') {
      const vectors = 2 * TAP_QUEUES + 2;
      return [
        '-netdev',
        `${backend},queues=${TAP_QUEUES}`,
        '-device',
        // Without iommu_platform the driver does not use the DMA interface, which zero-copy needs.
        `virtio-net-pci,${common},mq=on,vectors=${vectors},iommu_platform=on,disable-legacy=on`,
      ];
    }
    return [
      '-netdev',
      backend,
      '-device',
      `pcie-root-port,id=port${i},chassis=${i + 1}`,
      '-device',
      `igb,bus=port${i},${common}`,
    ];
  });
}
