// What only the kernel it is loaded into can tell: places in its structs (CO-RE), its functions, its version.
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
// Fields in another order than the kernel has them.
struct net_device {
  int ifindex;
  unsigned int mtu;
  long no_such_field;
};
struct net_device___other {
  char name[16];
};
struct no_such_struct {
  int x;
};
struct xdp_md___moved {
  __u32 padding;
  __u32 rx_queue_index;
  __u32 data_end;
  __u32 data;
};
#pragma clang attribute pop

enum xdp_action___other {
  XDP_TX___other = 100,
};

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_NO_SUCH_OPTION __kconfig __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_no_such_function(int) __ksym __weak;

__u32 version, ifindex_offset, mtu_offset, name_size, device_size, action_value, option = 99;
bool field_exists, missing_field, missing_struct, function_exists, missing_function;

SEC("xdp")
int ask(struct xdp_md *ctx) {
  version = LINUX_KERNEL_VERSION;
  option = CONFIG_NO_SUCH_OPTION;
  struct net_device *device = 0;
  struct net_device___other *other = 0;
  ifindex_offset = __builtin_preserve_field_info(device->ifindex, BPF_FIELD_BYTE_OFFSET);
  mtu_offset = __builtin_preserve_field_info(device->mtu, BPF_FIELD_BYTE_OFFSET);
  name_size = __builtin_preserve_field_info(other->name, BPF_FIELD_BYTE_SIZE);
  field_exists = bpf_core_field_exists(device->mtu);
  missing_field = bpf_core_field_exists(device->no_such_field);
  missing_struct = bpf_core_type_exists(struct no_such_struct);
  device_size = bpf_core_type_size(struct net_device);
  action_value = bpf_core_enum_value(enum xdp_action___other, XDP_TX___other);
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  function_exists = &bpf_rcu_read_lock != 0;
  missing_function = bpf_no_such_function != 0;
  if (bpf_no_such_function)
    return bpf_no_such_function(1);
  struct xdp_md___moved *moved = (void *)ctx;
  return moved->data_end - moved->data > 100 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
