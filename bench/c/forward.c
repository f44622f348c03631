/* Moves descriptors from the RX ring of each interface to the TX ring of the other: one UMEM, no copy of ours. */
#include <err.h>
#include <poll.h>
#include <stdlib.h>

#include "port.h"
#include "program.h"
#include "workloads.h"

/* The frames that are in no ring. */
struct pool {
  uint64_t *frames;
  uint32_t free;
};

static uint32_t reap(struct port *port, struct pool *pool, uint32_t ring) {
  uint32_t at;
  const uint32_t count = xsk_ring_cons__peek(&port->completion, ring, &at);
  if (!count) return 0;
  for (uint32_t i = 0; i < count; i++) {
    pool->frames[pool->free++] = *xsk_ring_cons__comp_addr(&port->completion, at + i);
  }
  xsk_ring_cons__release(&port->completion, count);
  return count;
}

/* The kernel rounds an address down to its chunk, so an address that was received or completed will do. */
static void refill(struct port *port, struct pool *pool, uint32_t batch) {
  uint32_t at;
  while (pool->free >= batch && xsk_ring_prod__reserve(&port->fill, batch, &at)) {
    for (uint32_t i = 0; i < batch; i++) {
      *xsk_ring_prod__fill_addr(&port->fill, at + i) = pool->frames[--pool->free];
    }
    xsk_ring_prod__submit(&port->fill, batch);
  }
}

/* Returns the frames received; those that find no room in the TX ring go back to the pool. */
static uint32_t move(struct port *in, struct port *out, struct pool *pool, uint32_t batch, struct counts *counts) {
  uint32_t from, to;
  const uint32_t count = xsk_ring_cons__peek(&in->rx, batch, &from);
  if (!count) return 0;
  const uint32_t room = xsk_prod_nb_free(&out->tx, count);
  const uint32_t taken = room < count ? room : count;
  if (taken) {
    xsk_ring_prod__reserve(&out->tx, taken, &to);
    for (uint32_t i = 0; i < taken; i++) {
      const struct xdp_desc *received = xsk_ring_cons__rx_desc(&in->rx, from + i);
      *xsk_ring_prod__tx_desc(&out->tx, to + i) = (struct xdp_desc){.addr = received->addr, .len = received->len};
    }
    xsk_ring_prod__submit(&out->tx, taken);
  }
  for (uint32_t i = taken; i < count; i++) {
    pool->frames[pool->free++] = xsk_ring_cons__rx_desc(&in->rx, from + i)->addr;
  }
  counts->dropped += count - taken;
  xsk_ring_cons__release(&in->rx, count);
  return count;
}

static uint32_t turn(struct port *in, struct port *out, struct pool *pool, const struct options *options,
                     struct counts *counts) {
  counts->packets += reap(out, pool, options->ring);
  refill(in, pool, options->batch);
  const uint32_t received = move(in, out, pool, options->batch, counts);
  port_kick(out, counts);
  if (!received && !options->poll) port_wake_fill(in, counts);
  return received;
}

void forward(const struct options *options, struct meter *meter) {
  struct port ports[2] = {0};
  struct program programs[2];
  struct umem umem = umem_open(options, &ports[0], 2);
  struct pool pool = {.free = options->frames * 2};
  pool.frames = calloc(pool.free, sizeof *pool.frames);
  if (!pool.frames) err(1, "calloc");
  for (uint32_t i = 0; i < pool.free; i++) pool.frames[i] = (uint64_t)i * options->frame_size;
  for (int i = 0; i < 2; i++) port_open(&ports[i], &umem, options, options->interfaces[i], RECEIVE | TRANSMIT);
  for (int i = 0; i < 2; i++) {
    refill(&ports[i], &pool, options->batch);
    programs[i] = redirect_to_socket(options->interfaces[i], options->generic, options->queue, ports[i].fd);
  }

  meter_start(meter, options);
  while (meter_runs(meter, options)) {
    uint32_t received = turn(&ports[0], &ports[1], &pool, options, &meter->now);
    received += turn(&ports[1], &ports[0], &pool, options, &meter->now);
    if (options->poll && !received) ports_wait(ports, 2, POLLIN);
  }

  for (int i = 0; i < 2; i++) program_close(&programs[i]);
  for (int i = 0; i < 2; i++) port_close(&ports[i]);
  umem_close(&umem);
  free(pool.frames);
}
