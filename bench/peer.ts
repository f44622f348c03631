import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** The C program that ours are compared to, built from bench/c. Needs gcc, make, libxdp-dev and libbpf-dev. */
export function buildPeer(): string {
  execFileSync('make', ['-s', '-C', fileURLToPath(new URL('bench/c', ROOT))], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return fileURLToPath(new URL('bench/c/build/xdp-bench-c', ROOT));
}

/** Our workload programs, compiled beside this file. */
export function workload(name: string, ...words: string[]): string[] {
  return [process.execPath, fileURLToPath(new URL(`workloads/${name}.js`, import.meta.url)), ...words];
}

export function hasTestpmd(): boolean {
  return ['/usr/bin/dpdk-testpmd', '/usr/local/bin/dpdk-testpmd'].some((path) => existsSync(path));
}
