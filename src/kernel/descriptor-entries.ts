import type { Codec } from './layout.js';

/** Something of bpf(2) that is open: a map, a program. */
interface Open {
  readonly fd: number;
}

/** Values that are written as a descriptor, and read as the id of what it stands for. */
function descriptor<T extends Open>(): Codec<number, T> {
  return {
    size: 4,
    alignment: 4,
    read: (view, offset) => view.getUint32(offset, true),
    write: (view, offset, { fd }) => view.setUint32(offset, fd, true),
  };
}

/**
 * Values of `arrayOfMaps` and `hashOfMaps`: a map is put in, its id comes out. A write waits until no program sees the old map
 * any more: some 10 ms.
 */
export const mapEntry: Codec<number, Open> = descriptor();

/** Values of `programArray`: a program is put in, its id comes out. */
export const programEntry: Codec<number, Open> = descriptor();

/** Where a `devmap` or `devmapHash` sends packets. */
export interface DeviceEntry {
  /** In the namespace of the thread that writes it. */
  readonly ifindex: number;
  /** Runs on each packet before it is sent: loaded with `attachTo: 'devmap'`. Linux 5.8. */
  readonly program?: { readonly fd: number } | undefined;
}

/** Where a `cpumap` sends packets. */
export interface CpuEntry {
  /** How many packets may wait for the CPU. */
  readonly queueSize: number;
  /** Runs on each packet on that CPU: loaded with `attachTo: 'cpumap'`. Linux 5.9. */
  readonly program?: { readonly fd: number } | undefined;
}

/** A number, and a program that may be there (struct bpf_devmap_val, struct bpf_cpumap_val). */
function withProgram<Out, In extends { readonly program?: Open | undefined }>(
  read: (number: number, programId: number | undefined) => Out,
  number: (value: In) => number,
): Codec<Out, In> {
  return {
    size: 8,
    alignment: 4,
    read: (view, offset) => read(view.getUint32(offset, true), view.getUint32(offset + 4, true) || undefined),
    write(view, offset, value) {
      view.setUint32(offset, number(value), true);
      view.setUint32(offset + 4, value.program?.fd ?? 0, true);
    },
  };
}

/** Values of `devmap` and `devmapHash`. */
export const deviceEntry: Codec<{ readonly ifindex: number; readonly programId: number | undefined }, DeviceEntry> =
  withProgram(
    (ifindex, programId) => ({ ifindex, programId }),
    ({ ifindex }) => ifindex,
  );

/** Values of `cpumap`; keys are CPU numbers. */
export const cpuEntry: Codec<{ readonly queueSize: number; readonly programId: number | undefined }, CpuEntry> =
  withProgram(
    (queueSize, programId) => ({ queueSize, programId }),
    ({ queueSize }) => queueSize,
  );
