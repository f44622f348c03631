/* A sink: drops everything in an XDP program, so that it costs the sender as little as can be. */
#include <unistd.h>

#include "program.h"
#include "workloads.h"

enum { READ_EVERY_MICROSECONDS = 20000 };

void drop(const struct options *options, struct meter *meter) {
  struct program program = count_and_drop(options->interfaces[0], options->generic);
  meter_start(meter, options);
  do {
    usleep(READ_EVERY_MICROSECONDS); /* a change of phase interrupts it */
    meter->now.packets = dropped_so_far(&program);
  } while (meter_runs(meter, options));
  program_close(&program);
}
