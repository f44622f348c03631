import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patient } from '../patience.js';

/** How many rules the table has, and the bytes of one: a u32 that tells whether it is there, and the rule. */
const SIZE = 8;
const RULE_LENGTH = 168;
const SLOT_LENGTH = 4 + RULE_LENGTH;

/** Stands between ethtool and the kernel: the ioctls of flow rules work on a file. */
const SHIM = `#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

struct slot { unsigned there; char rule[${RULE_LENGTH}]; };

static int no(int error) { errno = error; return -1; }

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  struct ethtool_rxnfc *rxnfc = request == SIOCETHTOOL ? (void *)((struct ifreq *)argument)->ifr_data : 0;
  if (!rxnfc || rxnfc->cmd < ETHTOOL_GRXRINGS || rxnfc->cmd > ETHTOOL_SRXCLSRLINS)
    return syscall(SYS_ioctl, fd, request, argument);
  int file = open(getenv("XDPKIT_RULES"), O_RDWR);
  struct slot *slots = mmap(0, ${SIZE} * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  unsigned count = 0, at = rxnfc->fs.location;
  for (unsigned i = 0; i < ${SIZE}; i++)
    if (slots[i].there) {
      if (rxnfc->cmd == ETHTOOL_GRXCLSRLALL) rxnfc->rule_locs[count] = i;
      count++;
    }
  switch (rxnfc->cmd) {
  case ETHTOOL_GRXRINGS:
    rxnfc->data = 8;
    return 0;
  case ETHTOOL_GRXCLSRLCNT:
  case ETHTOOL_GRXCLSRLALL:
    rxnfc->data = ${SIZE};
    rxnfc->rule_cnt = count;
    return 0;
  }
  if (at >= ${SIZE}) return no(ENOSPC);
  if (rxnfc->cmd == ETHTOOL_SRXCLSRLINS) {
    slots[at].there = 1;
    memcpy(slots[at].rule, &rxnfc->fs, sizeof rxnfc->fs);
    return 0;
  }
  if (!slots[at].there) return no(ENOENT);
  if (rxnfc->cmd == ETHTOOL_GRXCLSRULE) memcpy(&rxnfc->fs, slots[at].rule, sizeof rxnfc->fs);
  else slots[at].there = 0;
  return 0;
}
`;

/** The real ethtool, with a table of flow rules below it where this machine's drivers have none. */
export class EthtoolWithRules {
  readonly #folder: string;
  readonly #table: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'xdpkit-rules-'));
    this.#table = join(this.#folder, 'table');
    writeFileSync(this.#table, new Uint8Array(SIZE * SLOT_LENGTH));
    writeFileSync(join(this.#folder, 'shim.c'), SHIM);
    const files = ['-o', join(this.#folder, 'shim.so'), join(this.#folder, 'shim.c')];
    execFileSync('gcc', ['-shared', '-fPIC', '-Wall', '-Werror', ...files], { timeout: patient(20_000) });
  }

  /** The table, by location. */
  get rules(): Map<number, Uint8Array> {
    const bytes = readFileSync(this.#table);
    const slots = Array.from({ length: SIZE }, (_, i) => bytes.subarray(i * SLOT_LENGTH, (i + 1) * SLOT_LENGTH));
    return new Map(slots.flatMap((slot, i) => (slot[0] === 0 ? [] : [[i, Uint8Array.from(slot.subarray(4))]])));
  }

  set rules(rules: ReadonlyMap<number, Uint8Array>) {
    const bytes = new Uint8Array(SIZE * SLOT_LENGTH);
    for (const [location, rule] of rules) {
      bytes[location * SLOT_LENGTH] = 1;
      bytes.set(rule, location * SLOT_LENGTH + 4);
    }
    writeFileSync(this.#table, bytes);
  }

  run(command: string, netns: string): string {
    const env = { ...process.env, LD_PRELOAD: join(this.#folder, 'shim.so'), XDPKIT_RULES: this.#table };
    const args = ['netns', 'exec', netns, 'ethtool', ...command.split(' ')];
    return execFileSync('ip', args, { encoding: 'utf8', timeout: patient(20_000), env });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
