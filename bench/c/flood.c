/* A source faster than any socket: live frames of BPF_PROG_TEST_RUN, sent out of the interface (Linux 5.18). */
#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>

#include "packet.h"
#include "program.h"
#include "workloads.h"

enum { FRAMES_PER_CALL = 4096 };

void flood(const struct options *options, struct meter *meter) {
  /* Attached, because the kernel patches its dispatcher at every run of a program that is attached nowhere. */
  struct program program = transmit_test_run(options->interfaces[0], options->generic);
  uint8_t frame[options->size];
  write_packet(frame, options);

  meter_start(meter, options);
  while (meter_runs(meter, options)) {
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = options->size, .repeat = FRAMES_PER_CALL,
                .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = options->batch);
    if (!bpf_prog_test_run_opts(program.fd, &run)) meter->now.packets += FRAMES_PER_CALL;
    else if (errno != EINTR) err(1, "bpf_prog_test_run_opts");
  }
  program_close(&program);
}
