/* Receives and gives every frame straight back to the fill ring. */
#include <err.h>
#include <poll.h>

#include "port.h"
#include "program.h"
#include "workloads.h"

static void fill_first(struct port *port, const struct options *options) {
  uint32_t at;
  if (xsk_ring_prod__reserve(&port->fill, options->ring, &at) != options->ring) errx(1, "the fill ring is not empty");
  for (uint32_t i = 0; i < options->ring; i++) {
    *xsk_ring_prod__fill_addr(&port->fill, at + i) = (uint64_t)i * options->frame_size;
  }
  xsk_ring_prod__submit(&port->fill, options->ring);
}

static uint32_t receive(struct port *port, uint32_t batch) {
  uint32_t from, to;
  const uint32_t count = xsk_ring_cons__peek(&port->rx, batch, &from);
  if (!count) return 0;
  /* There is room for every frame that came out of the fill ring; the kernel may say so a moment after it is true. */
  while (xsk_ring_prod__reserve(&port->fill, count, &to) != count) continue;
  for (uint32_t i = 0; i < count; i++) {
    *xsk_ring_prod__fill_addr(&port->fill, to + i) = xsk_ring_cons__rx_desc(&port->rx, from + i)->addr;
  }
  xsk_ring_prod__submit(&port->fill, count);
  xsk_ring_cons__release(&port->rx, count);
  return count;
}

void rxdrop(const struct options *options, struct meter *meter) {
  struct port port = {0};
  struct umem umem = umem_open(options, &port, 1);
  port_open(&port, &umem, options, options->interfaces[0], RECEIVE);
  fill_first(&port, options);
  struct program program = redirect_to_socket(options->interfaces[0], options->generic, options->queue, port.fd);

  meter_start(meter, options);
  while (meter_runs(meter, options)) {
    const uint32_t count = receive(&port, options->batch);
    meter->now.packets += count;
    if (count) continue;
    if (options->poll) ports_wait(&port, 1, POLLIN);
    else port_wake_fill(&port, &meter->now);
  }

  program_close(&program);
  port_close(&port);
  umem_close(&umem);
}
