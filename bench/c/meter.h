#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/** What a workload counts, from its start. */
struct counts {
  uint64_t packets; /* received (rxdrop, drop), completed (txonly, forward) or offered (flood) */
  uint64_t dropped; /* by the workload itself, for want of room */
  uint64_t kicks;   /* system calls that woke a ring */
};

/** One measuring window: warm-up, then counting, then the end. */
struct meter {
  struct counts now;
  struct counts at_start;
  double wall_start, wall_seconds;
  double cpu_start, cpu_seconds;
  sig_atomic_t seen; /* the phase that was last acted on */
};

/** Raised by timers and by SIGINT and SIGTERM, so that a hot loop need not read a clock. */
extern volatile sig_atomic_t meter_phase;

/** Starts the warm-up. */
void meter_start(struct meter *meter, const struct options *options);

/** Acts on a change of phase; false at the end. */
bool meter_change(struct meter *meter, const struct options *options);

/** Asked once a turn: false when the workload is to end. */
static inline bool meter_runs(struct meter *meter, const struct options *options) {
  return meter_phase == meter->seen || meter_change(meter, options);
}

/** Prints the result of the window, as one line. */
void meter_print(const struct meter *meter, const struct options *options);
