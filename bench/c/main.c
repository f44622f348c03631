#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

static const struct {
  const char *name;
  void (*run)(const struct options *, struct meter *);
} WORKLOADS[] = {{"rxdrop", rxdrop}, {"txonly", txonly}, {"forward", forward}, {"drop", drop}, {"flood", flood}};

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) err(1, "CPU %d", cpu);
}

int main(int argc, char **argv) {
  const struct options options = parse_options(argc, argv);
  if (options.cpu >= 0) pin(options.cpu);
  for (size_t i = 0; i < sizeof WORKLOADS / sizeof *WORKLOADS; i++) {
    if (strcmp(options.workload, WORKLOADS[i].name)) continue;
    struct meter meter;
    WORKLOADS[i].run(&options, &meter);
    meter_print(&meter, &options);
    return 0;
  }
  errx(2, "unknown workload: %s", options.workload);
}
