/* Transmits one constant packet from frames that were filled once, and counts completions. */
#include <poll.h>

#include "packet.h"
#include "port.h"
#include "workloads.h"

/* The frames are alike, so it is enough to know how many are out; they are used in turn. */
struct sender {
  struct port port;
  uint32_t next;
  uint32_t outstanding;
};

static uint32_t reap(struct sender *sender, uint32_t ring) {
  uint32_t at;
  const uint32_t count = xsk_ring_cons__peek(&sender->port.completion, ring, &at);
  if (count) xsk_ring_cons__release(&sender->port.completion, count);
  sender->outstanding -= count;
  return count;
}

static uint32_t transmit(struct sender *sender, const struct options *options) {
  uint32_t at;
  if (options->frames - sender->outstanding < options->batch) return 0;
  if (!xsk_ring_prod__reserve(&sender->port.tx, options->batch, &at)) return 0;
  for (uint32_t i = 0; i < options->batch; i++) {
    *xsk_ring_prod__tx_desc(&sender->port.tx, at + i) =
        (struct xdp_desc){.addr = (uint64_t)sender->next * options->frame_size, .len = options->size};
    if (++sender->next == options->frames) sender->next = 0;
  }
  xsk_ring_prod__submit(&sender->port.tx, options->batch);
  sender->outstanding += options->batch;
  return options->batch;
}

void txonly(const struct options *options, struct meter *meter) {
  struct sender sender = {0};
  struct umem umem = umem_open(options, &sender.port, 1);
  port_open(&sender.port, &umem, options, options->interfaces[0], TRANSMIT);
  for (uint32_t i = 0; i < options->frames; i++) write_packet(umem.memory + (uint64_t)i * options->frame_size, options);

  meter_start(meter, options);
  while (meter_runs(meter, options)) {
    const uint32_t done = reap(&sender, options->ring);
    meter->now.packets += done;
    const uint32_t sent = transmit(&sender, options);
    port_kick(&sender.port, &meter->now);
    if (options->poll && !done && !sent) ports_wait(&sender.port, 1, POLLOUT);
  }

  port_close(&sender.port);
  umem_close(&umem);
}
