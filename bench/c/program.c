#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <unistd.h>

/* The instructions used here, as initialisers of struct bpf_insn. */
#define INSN(CODE, DST, SRC, OFF, IMM) {.code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF), .imm = (IMM)}
#define MOVE(DST, IMM) INSN(BPF_ALU64 | BPF_MOV | BPF_K, DST, 0, 0, IMM)
#define MOVE_REG(DST, SRC) INSN(BPF_ALU64 | BPF_MOV | BPF_X, DST, SRC, 0, 0)
#define ADD(DST, IMM) INSN(BPF_ALU64 | BPF_ADD | BPF_K, DST, 0, 0, IMM)
#define LOAD(SIZE, DST, SRC, OFF) INSN(BPF_LDX | BPF_MEM | (SIZE), DST, SRC, OFF, 0)
#define STORE(SIZE, DST, OFF, SRC) INSN(BPF_STX | BPF_MEM | (SIZE), DST, SRC, OFF, 0)
#define STORE_IMM(SIZE, DST, OFF, IMM) INSN(BPF_ST | BPF_MEM | (SIZE), DST, 0, OFF, IMM)
#define MAP(DST, FD) INSN(BPF_LD | BPF_DW | BPF_IMM, DST, BPF_PSEUDO_MAP_FD, 0, FD), INSN(0, 0, 0, 0, 0)
#define SKIP_IF_EQUAL(DST, IMM, COUNT) INSN(BPF_JMP | BPF_JEQ | BPF_K, DST, 0, COUNT, IMM)
#define CALL(FUNCTION) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, FUNCTION)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum { R0, R1, R2, R3, R10 = 10 };

static int index_of(const char *interface) {
  const unsigned index = if_nametoindex(interface);
  if (!index) err(1, "%s", interface);
  return (int)index;
}

static int create_map(enum bpf_map_type type, uint32_t value_size, uint32_t entries) {
  const int fd = bpf_map_create(type, "xdp_bench", sizeof(uint32_t), value_size, entries, NULL);
  if (fd < 0) err(1, "bpf_map_create");
  return fd;
}

static struct program attach(const char *interface, bool generic, int map, const struct bpf_insn *insns, size_t count) {
  struct program p = {.map = map};
  p.fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdp_bench", "Dual BSD/GPL", insns, count, NULL);
  if (p.fd < 0) err(1, "bpf_prog_load");
  LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
  p.link = bpf_link_create(p.fd, index_of(interface), BPF_XDP, &opts);
  if (p.link < 0) err(1, "%s: bpf_link_create", interface);
  return p;
}

struct program redirect_to_socket(const char *interface, bool generic, uint32_t queue, int socket) {
  const int map = create_map(BPF_MAP_TYPE_XSKMAP, sizeof(int), queue + 1);
  if (bpf_map_update_elem(map, &queue, &socket, BPF_ANY)) err(1, "%s: bpf_map_update_elem", interface);
  const struct bpf_insn insns[] = {
      LOAD(BPF_W, R2, R1, offsetof(struct xdp_md, rx_queue_index)),
      MAP(R1, map),
      MOVE(R3, XDP_PASS),
      CALL(BPF_FUNC_redirect_map),
      EXIT,
  };
  return attach(interface, generic, map, insns, sizeof insns / sizeof *insns);
}

struct program count_and_drop(const char *interface, bool generic) {
  const int map = create_map(BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint64_t), 1);
  const struct bpf_insn insns[] = {
      STORE_IMM(BPF_W, R10, -4, 0),
      MOVE_REG(R2, R10),
      ADD(R2, -4),
      MAP(R1, map),
      CALL(BPF_FUNC_map_lookup_elem),
      SKIP_IF_EQUAL(R0, 0, 3),
      LOAD(BPF_DW, R1, R0, 0),
      ADD(R1, 1),
      STORE(BPF_DW, R0, 0, R1),
      MOVE(R0, XDP_DROP),
      EXIT,
  };
  return attach(interface, generic, map, insns, sizeof insns / sizeof *insns);
}

uint64_t dropped_so_far(const struct program *program) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 1) errx(1, "libbpf_num_possible_cpus: %d", cpus);
  uint64_t counts[cpus], sum = 0;
  const uint32_t key = 0;
  if (bpf_map_lookup_elem(program->map, &key, counts)) err(1, "bpf_map_lookup_elem");
  for (int i = 0; i < cpus; i++) sum += counts[i];
  return sum;
}

struct program transmit_test_run(const char *interface, bool generic) {
  const int index = index_of(interface);
  /* A test run without a context comes from the loopback device; what comes from the interface itself is dropped. */
  const struct bpf_insn insns[] = {
      LOAD(BPF_W, R2, R1, offsetof(struct xdp_md, ingress_ifindex)),
      MOVE(R0, XDP_DROP),
      SKIP_IF_EQUAL(R2, index, 3),
      MOVE(R1, index),
      MOVE(R2, 0),
      CALL(BPF_FUNC_redirect),
      EXIT,
  };
  return attach(interface, generic, -1, insns, sizeof insns / sizeof *insns);
}

void program_close(struct program *program) {
  close(program->link);
  close(program->fd);
  if (program->map >= 0) close(program->map);
}
