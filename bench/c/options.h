#pragma once
#include <stdbool.h>
#include <stdint.h>

/** What the command line asks for; the same for every workload. */
struct options {
  const char *workload;
  const char *interfaces[2];
  uint32_t queue;
  uint32_t frames;     /* per socket */
  uint32_t frame_size; /* bytes of a UMEM chunk */
  uint32_t ring;       /* entries of each of the four rings, a power of two */
  uint32_t batch;      /* descriptors moved in one turn */
  bool generic;        /* generic (SKB) XDP instead of native */
  bool poll;           /* sleep in poll(2) when there is nothing to do, instead of spinning */
  int cpu;             /* -1: not pinned */
  double warmup;       /* seconds before counting begins */
  double duration;     /* seconds counted */
  uint32_t size;       /* bytes of a transmitted frame, without the frame check sequence */
  uint8_t destination[6];
  bool json;
};

/** Reads the command line; says what is wrong and exits with 2 when it cannot be used. */
struct options parse_options(int argc, char **argv);
