#pragma once
#include <stdbool.h>
#include <stdint.h>

/** An XDP program on an interface. The attachment is a link: it ends with the process, however that ends. */
struct program {
  int map; /* -1 when there is none */
  int fd;
  int link;
};

/** Sends what arrives on the queue to the socket, all else to the stack. */
struct program redirect_to_socket(const char *interface, bool generic, uint32_t queue, int socket);

/** Drops everything and counts it. */
struct program count_and_drop(const char *interface, bool generic);

/** Packets that count_and_drop has seen, over all CPUs. */
uint64_t dropped_so_far(const struct program *program);

/** Sends the frames of a test run out of the interface, and drops what arrives on it. */
struct program transmit_test_run(const char *interface, bool generic);

void program_close(struct program *program);
