#include "meter.h"

#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

enum { WARMING, COUNTING, ENDED };

volatile sig_atomic_t meter_phase = WARMING;

static void on_timer(int signal) {
  (void)signal;
  if (meter_phase < ENDED) meter_phase++;
}

static void on_stop(int signal) {
  (void)signal;
  meter_phase = ENDED;
}

static void alarm_in(double seconds) {
  /* An interval of zero would mean no timer at all. */
  const long micros = seconds > 1e-6 ? (long)(seconds * 1e6) : 1;
  const struct itimerval once = {.it_value = {.tv_sec = micros / 1000000, .tv_usec = micros % 1000000}};
  if (setitimer(ITIMER_REAL, &once, NULL)) err(1, "setitimer");
}

static double wall_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* User and system time: the part of the kernel's packet work that runs in this process is in it. */
static double cpu_now(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void meter_start(struct meter *meter, const struct options *options) {
  *meter = (struct meter){.seen = WARMING};
  const struct sigaction timer = {.sa_handler = on_timer}, stop = {.sa_handler = on_stop};
  if (sigaction(SIGALRM, &timer, NULL) || sigaction(SIGINT, &stop, NULL) || sigaction(SIGTERM, &stop, NULL)) {
    err(1, "sigaction");
  }
  alarm_in(options->warmup);
}

bool meter_change(struct meter *meter, const struct options *options) {
  const sig_atomic_t before = meter->seen;
  meter->seen = meter_phase;
  if (meter->seen == COUNTING) {
    meter->at_start = meter->now;
    meter->wall_start = wall_now();
    meter->cpu_start = cpu_now();
    alarm_in(options->duration);
    return true;
  }
  if (before == COUNTING) {
    meter->wall_seconds = wall_now() - meter->wall_start;
    meter->cpu_seconds = cpu_now() - meter->cpu_start;
  } else {
    meter->at_start = meter->now; /* stopped while warming up: nothing was counted */
  }
  return false;
}

void meter_print(const struct meter *meter, const struct options *options) {
  const uint64_t packets = meter->now.packets - meter->at_start.packets;
  const uint64_t dropped = meter->now.dropped - meter->at_start.dropped;
  const uint64_t kicks = meter->now.kicks - meter->at_start.kicks;
  const double pps = meter->wall_seconds > 0 ? (double)packets / meter->wall_seconds : 0;
  const double nanos = packets ? meter->cpu_seconds * 1e9 / (double)packets : 0;
  const char *format =
      options->json ? "{\"workload\":\"%s\",\"packets\":%lu,\"seconds\":%.6f,\"pps\":%.0f,\"cpuSeconds\":%.6f,"
                      "\"cpuNsPerPacket\":%.1f,\"ring\":%u,\"batch\":%u,\"wait\":\"%s\",\"mode\":\"%s\","
                      "\"dropped\":%lu,\"kicks\":%lu}\n"
                    : "%s: %lu packets in %.3f s, %.0f pps; CPU %.3f s, %.1f ns a packet "
                      "(ring %u, batch %u, %s, %s; %lu dropped, %lu kicks)\n";
  printf(format, options->workload, packets, meter->wall_seconds, pps, meter->cpu_seconds, nanos, options->ring,
         options->batch, options->poll ? "poll" : "spin", options->generic ? "generic" : "native", dropped, kicks);
}
