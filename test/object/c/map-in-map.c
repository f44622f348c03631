// Maps of maps, with maps in them from the start.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct table {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u32);
};
struct table first SEC(".maps"), third SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct table);
} tables SEC(".maps") = {.values = {[0] = &first, [2] = &third}};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __uint(key_size, 8);
    __uint(value_size, 8);
  });
} sets SEC(".maps");

// The packet's first byte chooses a table, its second one an element.
SEC("xdp")
int look_up(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  if ((void *)(data + 2) > (void *)(long)ctx->data_end)
    return XDP_ABORTED;
  __u32 index = data[0], element = data[1];
  __u64 port = element;
  void *set = bpf_map_lookup_elem(&sets, &index);
  if (set && bpf_map_lookup_elem(set, &port))
    return XDP_TX;
  void *table = bpf_map_lookup_elem(&tables, &index);
  __u32 *value = table ? bpf_map_lookup_elem(table, &element) : 0;
  return value ? *value : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
