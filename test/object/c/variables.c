// Variables of all types and in all sections.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

enum level { LOW, HIGH = 7 };
enum direction { BACKWARD = -1, FORWARD = 1 };
struct point {
  __s16 x;
  __u8 tag;
  __u64 weight;
};
struct flags {
  __u32 a : 3, b : 5;
};
typedef __u32 address;

__u8 u8 = 200;
__s8 s8 = -100;
__u16 u16 = 60000;
__s16 s16 = -30000;
__u32 u32 = 4000000000;
__s32 s32 = -2000000000;
__u64 u64 = 0xfedcba9876543210;
__s64 s64 = -0x123456789abcdef0;
bool yes = true;
char text[16] = "hello";
__u8 mac[6] = {2, 0, 0, 0, 0, 1};
__u32 list[3] = {10, 20, 30};
struct point point = {-3, 9, 5};
struct flags flags = {5, 17};
enum level level = HIGH;
enum direction direction = BACKWARD;
const volatile address *pointer;
const volatile address constant = 17;
const volatile bool strict;
__u32 zero;
__u32 mine SEC(".data.mine") = 77;
const volatile __u32 theirs SEC(".rodata.theirs") = 88;
__attribute__((weak)) __u32 weak = 5;

static __u32 counter;
static volatile __s32 offset = -5;

static __noinline int step(void) {
  static volatile __u32 counter = 1000;
  counter++;
  return counter;
}

SEC("xdp")
int run(struct xdp_md *ctx) {
  static const char format[] = "run %d";
  if (strict)
    return XDP_ABORTED;
  counter++;
  zero = counter + offset + constant + theirs + mine++ + weak;
  u8++, s8++, u16++, s16++, u32++, s32++, u64++, s64++;
  yes = !yes;
  list[ctx->rx_queue_index & 1]++;
  mac[5]++;
  point.x--;
  point.weight += 2;
  flags.b++;
  level = LOW;
  direction = FORWARD;
  text[0]++;
  pointer = 0;
  if (step() == 0)
    bpf_trace_printk(format, sizeof(format), zero);
  return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
