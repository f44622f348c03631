/* The steering of docs/quic-steering.md, as one writes it by hand: what the codecs have in common. Each defines decode(). */
#pragma once

#include "../c-rules/packet.h"

#include <linux/types.h>

#define PORT 4433
#define QUEUES 4
#define CAPACITY 4096
#define HASH_SEED 1
#define INSERTS_PER_SECOND 1000000
#define COUNTERS 65536
#define FLOWS 65536

#define QUIC_V1 0x00000001
#define QUIC_V2 0x6b3343cf
#define LONGEST_ID 20
#define SHORTEST_PACKET 21
#define SHORTEST_LONG_PACKET 26

#define MAGLEV_SLOTS 65537
#define NO_BACKEND 0xffff
#define FLOW_TIMEOUT 30000000000ULL
#define INSERT_COST (1000000000 / INSERTS_PER_SECOND)
#define INSERT_BURST 125000000ULL

#define SKETCH_ROWS 4
#define SKETCH_COLUMNS 1024

#define FACTOR 0x9e3779b97f4a7c15ULL
#define SPREAD ((HASH_SEED + 1) * 0xd6e8feb86659fd93ULL)

/* An ID, and zeros. */
struct id_key {
  union {
    __u8 id[LONGEST_ID];
    struct {
      __u64 first;
      __u64 second;
      __u32 third;
    } __attribute__((packed)) words;
  };
  __u32 length;
} __attribute__((aligned(8)));

struct flow_key {
  __u32 source[4];
  __u32 destination[4];
  __u32 ports;
};

struct flow {
  __u32 slot;
  __u32 generation;
  __u64 seen;
};

enum { FREE, ACTIVE, DRAINING };
enum { TO_SOCKET, TO_HOST, TO_DROP };

struct backend {
  __u32 state;
  __u32 generation;
  __u32 act;
  __u32 id;
  __u32 weight;
  __u32 reserved;
};

struct load {
  __u64 packets;
  __u64 bytes;
  __u64 initials;
};

struct statistics {
  __u64 packets;
  __u64 initial;
  __u64 unknown_version;
  __u64 routed;
  __u64 invalid;
  __u64 unknown;
  __u64 hashed;
  __u64 flow_hits;
  __u64 flow_misses;
  __u64 flows_not_kept;
  __u64 ids_not_counted;
  __u64 no_backend;
  __u64 truncated;
  __u64 forbidden_length;
  __u64 version_zero;
  __u64 to_socket;
  __u64 to_host;
  __u64 to_drop;
  __u64 variants[8];
  __u64 flow_time;
  __u64 counter_time;
};

struct sketch {
  __u64 rows[SKETCH_ROWS][SKETCH_COLUMNS];
};

struct maglev_table {
  __u16 slots[MAGLEV_SLOTS + 3];
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, COUNTERS);
  __type(key, struct id_key);
  __type(value, __u64);
} cid_counter SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, __u32);
} cid_backend_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, CAPACITY * QUEUES);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CAPACITY);
  __type(key, __u32);
  __type(value, struct backend);
} quic_backends SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, CAPACITY);
  __type(key, __u32);
  __type(value, struct load);
} quic_load SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, FLOWS);
  __type(key, struct flow_key);
  __type(value, struct flow);
} quic_flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct statistics);
} quic_stats SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct sketch);
} quic_sketch SEC(".maps");

/* By sizes: clang 14 leaves types out that only an inner map names. */
struct maglev_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct maglev_table));
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct maglev_map);
} quic_maglev SEC(".maps");

/*
 * Of an ID with `length` bytes, of which 20 can be read: the number of its server, or a negative one. `variant` is what the
 * codec tells of it.
 */
static __always_inline __s64 decode(const __u8 *id, __u32 length, __u32 *variant);

static __always_inline __u64 mix(__u64 hash, __u64 word) {
  hash = (hash ^ word) * FACTOR;
  return hash ^ hash >> 32;
}

/* One entry of those that are allowed in a second. Returns the time, or 0. */
static __always_inline __u64 take_entry(__u64 *time) {
  __u64 now = bpf_ktime_get_coarse_ns();
  __u64 after = (*time > now ? *time : now) + INSERT_COST;
  if (after > now + INSERT_BURST)
    return 0;
  *time = after;
  return now;
}

static __always_inline void count_id(struct statistics *statistics, const struct id_key *key) {
  __u64 *counter = bpf_map_lookup_elem(&cid_counter, key);
  if (counter) {
    __sync_fetch_and_add(counter, 1);
  } else if (take_entry(&statistics->counter_time)) {
    __u64 one = 1;
    bpf_map_update_elem(&cid_counter, key, &one, BPF_NOEXIST);
  } else {
    statistics->ids_not_counted++;
  }
  __u32 zero = 0;
  struct sketch *sketch = bpf_map_lookup_elem(&quic_sketch, &zero);
  if (!sketch)
    return;
  const __u64 *words = (const __u64 *)key;
  __u64 hash = mix(mix(mix(SPREAD, words[0]), words[1]), words[2]) * FACTOR;
#pragma unroll
  for (int row = 0; row < SKETCH_ROWS; row++)
    sketch->rows[row][hash >> (54 - 10 * row) & (SKETCH_COLUMNS - 1)]++;
}

static __always_inline int deliver(struct xdp_md *ctx, const struct packet *packet, struct statistics *statistics,
                                   struct backend *backend, __u32 slot, bool initial) {
  struct load *load = bpf_map_lookup_elem(&quic_load, &slot);
  if (load) {
    load->packets++;
    load->bytes += packet->end - packet->start;
    load->initials += initial;
  }
  switch (backend->act) {
  case TO_SOCKET:
    statistics->to_socket++;
    if (ctx->rx_queue_index >= QUEUES)
      return XDP_PASS;
    return bpf_redirect_map(&xsks_map, slot * QUEUES + ctx->rx_queue_index, XDP_PASS);
  case TO_HOST:
    statistics->to_host++;
    return XDP_PASS;
  default:
    statistics->to_drop++;
    return XDP_DROP;
  }
}

static __always_inline struct backend *backend_of(__u32 slot) {
  struct backend *backend = bpf_map_lookup_elem(&quic_backends, &slot);
  return backend && backend->state != FREE ? backend : NULL;
}

static __always_inline int steer_by_hash(struct xdp_md *ctx, const struct packet *packet, struct udphdr *udp,
                                         struct statistics *statistics, bool initial) {
  statistics->hashed++;
  struct flow_key key = {.ports = *(__u32 *)udp};
  if (packet->version == 4) {
    struct iphdr *ip = packet->ip4;
    if ((void *)(ip + 1) > packet->end)
      return XDP_PASS;
    key.source[2] = key.destination[2] = bpf_htonl(0xffff);
    key.source[3] = ip->saddr;
    key.destination[3] = ip->daddr;
  } else {
    struct ipv6hdr *ip = packet->ip6;
    if ((void *)(ip + 1) > packet->end)
      return XDP_PASS;
    __builtin_memcpy(key.source, &ip->saddr, 16);
    __builtin_memcpy(key.destination, &ip->daddr, 16);
  }
  struct flow *flow = bpf_map_lookup_elem(&quic_flows, &key);
  if (flow) {
    struct backend *backend = backend_of(flow->slot);
    if (backend && backend->generation == flow->generation) {
      __u64 now = bpf_ktime_get_coarse_ns();
      if (now <= flow->seen + FLOW_TIMEOUT) {
        flow->seen = now;
        statistics->flow_hits++;
        return deliver(ctx, packet, statistics, backend, flow->slot, initial);
      }
    }
  }
  statistics->flow_misses++;
  __u32 zero = 0;
  void *table = bpf_map_lookup_elem(&quic_maglev, &zero);
  struct maglev_table *maglev = table ? bpf_map_lookup_elem(table, &zero) : NULL;
  if (!maglev) {
    statistics->no_backend++;
    return XDP_PASS;
  }
  const __u64 *words = (const __u64 *)&key;
  __u64 hash = mix(mix(mix(mix(mix(SPREAD, words[0]), words[1]), words[2]), words[3]), key.ports) * FACTOR;
  __u32 slot = maglev->slots[(hash >> 32) * MAGLEV_SLOTS >> 32];
  struct backend *backend = slot == NO_BACKEND ? NULL : backend_of(slot);
  if (!backend) {
    statistics->no_backend++;
    return XDP_PASS;
  }
  __u64 now = take_entry(&statistics->flow_time);
  if (now) {
    struct flow fresh = {.slot = slot, .generation = backend->generation, .seen = now};
    bpf_map_update_elem(&quic_flows, &key, &fresh, BPF_ANY);
  } else {
    statistics->flows_not_kept++;
  }
  return deliver(ctx, packet, statistics, backend, slot, initial);
}

static __always_inline int steer_by_id(struct xdp_md *ctx, const struct packet *packet, struct udphdr *udp,
                                       struct statistics *statistics, const __u8 *id, __u32 length,
                                       bool initial) {
  __u32 variant = 0;
  __s64 server = decode(id, length, &variant);
  if (server < 0) {
    statistics->invalid++;
    return steer_by_hash(ctx, packet, udp, statistics, initial);
  }
  if (HAS_VARIANTS)
    statistics->variants[variant & 7]++;
  __u32 number = server;
  __u32 *slot = bpf_map_lookup_elem(&cid_backend_map, &number);
  struct backend *backend = slot ? backend_of(*slot) : NULL;
  if (!backend) {
    statistics->unknown++;
    return steer_by_hash(ctx, packet, udp, statistics, initial);
  }
  statistics->routed++;
  return deliver(ctx, packet, statistics, backend, *slot, initial);
}

static __always_inline __u64 first_bytes(__u64 word, __u32 bytes) { return word & ((1ULL << 8 * bytes) - 1); }

static __always_inline int steer_long(struct xdp_md *ctx, const struct packet *packet, struct udphdr *udp,
                                      struct statistics *statistics) {
  const __u8 *quic = (void *)(udp + 1);
  if ((void *)(quic + SHORTEST_LONG_PACKET) > packet->end) {
    statistics->truncated++;
    return XDP_DROP;
  }
  __u32 version = bpf_ntohl(*(__u32 *)(quic + 1));
  if (version == 0) {
    statistics->version_zero++;
    return XDP_DROP;
  }
  bool known = version == QUIC_V1 || version == QUIC_V2;
  __u32 length = quic[5];
  if (known && length > LONGEST_ID) {
    statistics->forbidden_length++;
    return XDP_DROP;
  }
  const __u8 *source = quic + 6 + length;
  if ((void *)(source + 1) > packet->end) {
    statistics->truncated++;
    return XDP_DROP;
  }
  if (known && *source > LONGEST_ID) {
    statistics->forbidden_length++;
    return XDP_DROP;
  }
  if ((void *)(source + 1 + *source) > packet->end) {
    statistics->truncated++;
    return XDP_DROP;
  }
  __u32 type = (version == QUIC_V2 ? quic[0] - 0x10 : quic[0]) >> 4 & 3;
  bool made_up = !known || type <= 1;
  bool initial = known && type == 0;
  if (!known)
    statistics->unknown_version++;
  else if (made_up)
    statistics->initial++;
  if (length > LONGEST_ID)
    return steer_by_hash(ctx, packet, udp, statistics, false);
  struct id_key key = {.length = length};
  const __u8 *id = quic + 6;
  if (length >= 16) {
    key.words.first = *(__u64 *)id;
    key.words.second = *(__u64 *)(id + 8);
    key.words.third = first_bytes(*(__u32 *)(id + 16), length - 16);
  } else if (length >= 8) {
    key.words.first = *(__u64 *)id;
    key.words.second = first_bytes(*(__u64 *)(id + 8), length - 8);
  } else {
    key.words.first = first_bytes(*(__u64 *)id, length);
  }
  count_id(statistics, &key);
  if (made_up && !DECODES_INITIAL)
    return steer_by_hash(ctx, packet, udp, statistics, initial);
  return steer_by_id(ctx, packet, udp, statistics, id, length, initial);
}

static __always_inline int steer(struct xdp_md *ctx) {
  struct packet packet = parse(ctx);
  struct udphdr *udp = udp_header(&packet);
  if (!udp || udp->dest != bpf_htons(PORT))
    return XDP_PASS;
  __u32 zero = 0;
  struct statistics *statistics = bpf_map_lookup_elem(&quic_stats, &zero);
  if (!statistics)
    return XDP_PASS;
  statistics->packets++;
  const __u8 *quic = (void *)(udp + 1);
  if ((void *)(quic + SHORTEST_PACKET) > packet.end) {
    statistics->truncated++;
    return XDP_DROP;
  }
  if (*quic & 0x80)
    return steer_long(ctx, &packet, udp, statistics);
  struct id_key key = {.length = ID_LENGTH};
  __builtin_memcpy(key.id, quic + 1, ID_LENGTH);
  count_id(statistics, &key);
  return steer_by_id(ctx, &packet, udp, statistics, quic + 1, LONGEST_ID, false);
}
