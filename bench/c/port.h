#pragma once
#include <stdint.h>
#include <xdp/xsk.h>

#include "meter.h"
#include "options.h"

/** The frames that one or two sockets share. */
struct umem {
  struct xsk_umem *handle;
  uint8_t *memory;
  uint64_t length;
};

/** An AF_XDP socket on one queue of one interface, with its four rings. */
struct port {
  struct xsk_socket *socket;
  int fd;
  struct xsk_ring_prod fill, tx;
  struct xsk_ring_cons completion, rx;
};

enum direction { RECEIVE = 1, TRANSMIT = 2 };

/** Registers frames for `count` sockets; the first port gets the fill and completion rings made with them. */
struct umem umem_open(const struct options *options, struct port *first, uint32_t count);
void umem_close(struct umem *umem);

/** Binds in copy mode, asking for wake-up flags. */
void port_open(struct port *port, struct umem *umem, const struct options *options, const char *interface,
               enum direction directions);
void port_close(struct port *port);

/** Hands the kernel what is in the TX ring, as long as it wants to be told and takes it. */
void port_kick(struct port *port, struct counts *counts);

/** Wakes a driver that waits to be told of filled frames. */
void port_wake_fill(struct port *port, struct counts *counts);

/** Sleeps until one of the ports has something, at most 100 ms. */
void ports_wait(struct port *ports, int count, short events);
