#pragma once
#include <stdint.h>

#include "options.h"

/** Writes a UDP datagram over IPv4 and Ethernet, of options->size bytes, with no UDP checksum (RFC 768). */
void write_packet(uint8_t *frame, const struct options *options);
