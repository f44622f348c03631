import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';

/** What `scripts/install-vm-tools` fetches. */
export const KERNELS = ['6.1', '6.12', '7.2'] as const;
export type Kernel = (typeof KERNELS)[number];

const { XDPKIT_VM, XDG_CACHE_HOME } = process.env;
const CACHE = XDPKIT_VM ?? `${XDG_CACHE_HOME ?? `${homedir()}/.cache`}/xdpkit/vm`;

/** A folder to lay over a root: QEMU, busybox, kmod, and the libraries that the host lacks for them. */
export const TOOLS = `${CACHE}/tools`;
/** For programs of `TOOLS` on the host. */
export const TOOLS_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  LD_LIBRARY_PATH: `${TOOLS}/usr/lib/x86_64-linux-gnu`,
};

/** A folder to lay over a root: a kernel's modules. */
export function kernelFolder(kernel: Kernel): string {
  return `${CACHE}/kernels/${kernel}`;
}

/** As `uname -r` says it. */
export function kernelRelease(kernel: Kernel): string {
  return readFileSync(`${kernelFolder(kernel)}/release`, 'ascii').trim();
}

/** The kernel itself; newer packages keep it with the modules. */
export function kernelImage(kernel: Kernel): string {
  const release = kernelRelease(kernel);
  const places = [`boot/vmlinuz-${release}`, `usr/lib/modules/${release}/vmlinuz`];
  const found = places.map((place) => `${kernelFolder(kernel)}/${place}`).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no kernel in ${kernelFolder(kernel)}: npm run test:vm:tools -- --force`);
  return found;
}

/** What is not there yet, in words. */
export function missingFromCache(kernels: readonly Kernel[]): string[] {
  return [
    ...(existsSync(`${TOOLS}/usr/bin/qemu-system-x86_64`) ? [] : ['QEMU']),
    ...kernels.filter((kernel) => !existsSync(`${kernelFolder(kernel)}/release`)).map((kernel) => `Linux ${kernel}`),
  ];
}
