#include "port.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* A kick in copy mode transmits at least so many frames before it answers EAGAIN (TX_BATCH_SIZE, net/xdp/xsk.c). */
enum { FRAMES_PER_KICK = 32, WAIT_MILLISECONDS = 100 };

/* Newer than Debian's headers: include/uapi/linux/if_xdp.h of Linux 6.17. */
enum { MAX_TX_SKB_BUDGET = 9 };

enum { BIND_TRIES = 50, BIND_RETRY_MICROSECONDS = 20000 };

static void check(int result, const char *what) {
  if (!result) return;
  errno = -result;
  err(1, "%s", what);
}

struct umem umem_open(const struct options *options, struct port *first, uint32_t count) {
  const uint64_t length = (uint64_t)options->frames * options->frame_size * count;
  struct umem umem = {.length = length};
  umem.memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (umem.memory == MAP_FAILED) err(1, "mmap");
  const struct xsk_umem_config config = {
      .fill_size = options->ring, .comp_size = options->ring, .frame_size = options->frame_size};
  check(xsk_umem__create(&umem.handle, umem.memory, length, &first->fill, &first->completion, &config),
        "xsk_umem__create");
  return umem;
}

void umem_close(struct umem *umem) {
  xsk_umem__delete(umem->handle);
  munmap(umem->memory, umem->length);
}

void port_open(struct port *port, struct umem *umem, const struct options *options, const char *interface,
               enum direction directions) {
  const struct xsk_socket_config config = {
      .rx_size = options->ring,
      .tx_size = options->ring,
      .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
      .bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
  };
  int result, tries = BIND_TRIES;
  do {
    result = xsk_socket__create_shared(&port->socket, interface, options->queue, umem->handle,
                                       directions & RECEIVE ? &port->rx : NULL,
                                       directions & TRANSMIT ? &port->tx : NULL, &port->fill, &port->completion,
                                       &config);
    /* The kernel gives a queue back a moment after its last owner has closed it. */
  } while (result == -EBUSY && --tries && !usleep(BIND_RETRY_MICROSECONDS));
  check(result, interface);
  port->fd = xsk_socket__fd(port->socket);
  /* One kick for a whole batch, as the other side of the comparison does it; an older kernel keeps its 32. */
  if (directions & TRANSMIT && setsockopt(port->fd, SOL_XDP, MAX_TX_SKB_BUDGET, &options->ring, sizeof options->ring) &&
      errno != ENOPROTOOPT) {
    err(1, "%s: XDP_MAX_TX_SKB_BUDGET", interface);
  }
}

void port_close(struct port *port) { xsk_socket__delete(port->socket); }

static uint32_t untaken(const struct port *port) {
  return port->tx.cached_prod - __atomic_load_n(port->tx.consumer, __ATOMIC_ACQUIRE);
}

void port_kick(struct port *port, struct counts *counts) {
  const uint32_t waiting = untaken(port);
  if (!waiting) return;
  for (uint32_t left = 1 + waiting / FRAMES_PER_KICK; left && xsk_ring_prod__needs_wakeup(&port->tx); left--) {
    counts->kicks++;
    if (sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0) return; /* it took all */
    if (errno != EAGAIN && errno != EBUSY && errno != ENOBUFS && errno != ENETDOWN) err(1, "sendto");
    if (!untaken(port)) return;
  }
}

void port_wake_fill(struct port *port, struct counts *counts) {
  if (!xsk_ring_prod__needs_wakeup(&port->fill)) return;
  counts->kicks++;
  recvfrom(port->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

void ports_wait(struct port *ports, int count, short events) {
  struct pollfd fds[2];
  for (int i = 0; i < count; i++) fds[i] = (struct pollfd){.fd = ports[i].fd, .events = events};
  if (poll(fds, (nfds_t)count, WAIT_MILLISECONDS) < 0 && errno != EINTR) err(1, "poll");
}
