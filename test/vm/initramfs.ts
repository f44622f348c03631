import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Kernel, kernelFolder, kernelRelease, TOOLS, TOOLS_ENV } from './cache.js';

/** What the guest needs to reach the host's root; everything else it loads from there. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** @param init the script that the guest starts with */
export function makeInitramfs(kernel: Kernel, init: string): Buffer {
  const archive = new CpioArchive();
  for (const folder of ['bin', 'modules']) archive.add(folder, 0o040755);
  archive.add('bin/busybox', 0o100755, readFileSync(`${TOOLS}/usr/bin/busybox`));
  archive.add('init', 0o100755, readFileSync(init));
  for (const [i, file] of modulesInOrder(kernel).entries()) {
    // The shell's glob, with which they are loaded, sorts by name.
    archive.add(`modules/${String(i).padStart(2, '0')}-${basename(file, '.xz')}`, 0o100644, unpacked(file));
  }
  return gzipSync(archive.end(), { level: 1 });
}

/** The modules with what they depend on, each after what it depends on. */
function modulesInOrder(kernel: Kernel): string[] {
  const options = ['--config', '/dev/null', '--dirname', kernelFolder(kernel), '--set-version', kernelRelease(kernel)];
  const files = MODULES.flatMap((name) => {
    // kmod does what its name says.
    const { status, stdout, stderr } = spawnSync(`${TOOLS}/usr/bin/kmod`, [...options, '--show-depends', name], {
      argv0: 'modprobe',
      env: TOOLS_ENV,
      encoding: 'utf8',
      timeout: 10_000,
    });
    if (status !== 0) throw new Error(`Linux ${kernel} has no module ${name}: ${stderr}`);
    return [...stdout.matchAll(/^insmod (\S+)/gm)].map((match) => match[1]!);
  });
  return [...new Set(files)];
}

function unpacked(file: string): Buffer {
  if (!file.endsWith('.xz')) return readFileSync(file);
  const { status, stdout } = spawnSync('xz', ['-dc', file], { maxBuffer: 1 << 28, timeout: 30_000 });
  if (status !== 0) throw new Error(`xz can't unpack ${file}`);
  return stdout;
}

/** An archive in the kernel's form of cpio: Documentation/driver-api/early-userspace/buffer-format.rst, "newc". */
class CpioArchive {
  readonly #parts: Buffer[] = [];
  #inode = 1;

  add(name: string, mode: number, data: Buffer = Buffer.alloc(0)): void {
    const links = mode >> 12 === 4 ? 2 : 1;
    const owner = [0, 0];
    const devices = [0, 0, 0, 0];
    const fields = [this.#inode++, mode, ...owner, links, 0, data.length, ...devices, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    this.#parts.push(padded(Buffer.from(header, 'ascii')), padded(data));
  }

  end(): Buffer {
    this.add('TRAILER!!!', 0);
    return Buffer.concat(this.#parts);
  }
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
}
