import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { namespacePath } from '../../dist/sys/index.js';
import { type Kernel, kernelFolder, kernelImage, TOOLS, TOOLS_ENV } from './cache.js';
import { type Nic, nicArguments } from './nic.js';

/** The kernel tries whether its timer ticks, within a time that an emulator on a busy machine may miss. */
const TIMER = 'no_timer_check';

export interface MachineOptions {
  readonly kernel: Kernel;
  readonly nic: Nic;
  /** What guest and host share: the guest sees it as `/run/xdpkit-vm`. */
  readonly folder: string;
  /** A file: the initramfs. */
  readonly initramfs: string;
  /** Taps for the NICs, and the namespace that they are in. */
  readonly taps: readonly string[];
  readonly netns: string;
  /** Whether the guest's console is this terminal. */
  readonly interactive: boolean;
}

/** A running QEMU. It ends with the driver, however that ends. */
export class Machine implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #console: string;
  /** Resolves when the guest has switched itself off, or QEMU has died. */
  readonly ended: Promise<void>;

  constructor(options: MachineOptions) {
    this.#console = `${options.folder}/console.log`;
    const command = [
      // nsenter and setpriv become QEMU: its number is the child's.
      ...['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=${namespacePath(options.netns)}`],
      ...[`${TOOLS}/usr/bin/qemu-system-x86_64`, ...qemuArguments(options, this.#console)],
    ];
    const stdio = options.interactive ? 'inherit' : 'pipe';
    this.#child = spawn(command[0]!, command.slice(1), { stdio: [stdio, stdio, stdio], env: TOOLS_ENV });
    let complaint = '';
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        complaint += text;
      });
    }
    this.ended = once(this.#child, 'close').then(([code]) => {
      if (code !== 0 && code !== null) throw new Error(`QEMU ended with ${code}: ${complaint}`);
    });
    // Heard of by whoever waits for the end.
    this.ended.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines that the guest's kernel and first process have printed. */
  lastWords(lines = 20): string {
    try {
      const text = readFileSync(this.#console, 'utf8').replaceAll('\r', '');
      return text.trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.ended.catch(() => {});
  }
}

function qemuArguments({ kernel, nic, folder, initramfs, taps, interactive }: MachineOptions, console: string) {
  const share = (tag: string, path: string, access: string) => [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=none,multidevs=remap${access}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
  return [
    ...['-L', `${TOOLS}/usr/share/qemu`, '-L', `${TOOLS}/usr/share/seabios`],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    // Software emulation: it works in every virtual machine and container, and no kernel needs to allow it.
    ...['-machine', 'q35,hpet=off', '-accel', 'tcg,thread=multi', '-smp', '2', '-m', '3G'],
    // With "fast" strings the kernel copies and clears memory byte by byte, which the emulator does one after the other.
    ...['-cpu', 'max,la57=off,erms=off,fsrm=off'],
    ...['-kernel', kernelImage(kernel), '-initrd', initramfs],
    ...['-append', `console=ttyS0 quiet panic=-1 oops=panic tsc=reliable mitigations=off ${TIMER}`],
    ...['-serial', interactive ? 'mon:stdio' : `file:${console}`],
    ...share('host', '/', ',readonly=on'),
    ...share('kernel', kernelFolder(kernel), ',readonly=on'),
    ...share('tools', TOOLS, ',readonly=on'),
    ...share('shared', folder, ''),
    ...['-device', 'virtio-rng-pci'],
    ...nicArguments(nic, taps),
  ];
}
