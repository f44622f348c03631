#include "options.h"

#include <getopt.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_SIZE = 42, MAX_SIZE = 1514 }; /* Ethernet, IPv4 and UDP headers; a veth's default MTU and its header */

static const char USAGE[] =
    "usage: xdp-bench-c rxdrop IF | txonly IF | forward IF0 IF1 | drop IF | flood IF [options]\n"
    "  --queue N (0)   --frames N per socket (8192)   --frame-size BYTES (2048)   --ring ENTRIES (2048)\n"
    "  --batch N (256) --mode native|generic (native) --wait spin|poll (spin)     --cpu N (not pinned)\n"
    "  --warmup S (1)  --duration S (5)               --size BYTES (64)           --dst MAC   --json\n";

static _Noreturn void usage(const char *why, const char *what) {
  fprintf(stderr, "xdp-bench-c: %s%s\n%s", why, what, USAGE);
  exit(2);
}

static uint32_t number(const char *option, const char *text, uint32_t min, uint32_t max) {
  char *end;
  const unsigned long value = strtoul(text, &end, 10);
  if (end == text || *end || *text == '-' || value < min || value > max) usage("bad value for --", option);
  return (uint32_t)value;
}

static double seconds(const char *option, const char *text) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value >= 0 && value <= 86400)) usage("bad value for --", option);
  return value;
}

/* True when the text is the second name, false when it is the first. */
static bool choice(const char *option, const char *text, const char *first, const char *second) {
  if (strcmp(text, first) && strcmp(text, second)) usage("bad value for --", option);
  return !strcmp(text, second);
}

static uint32_t power_of_two(const char *option, uint32_t value) {
  if (value & (value - 1)) usage("not a power of two: --", option);
  return value;
}

struct options parse_options(int argc, char **argv) {
  static const struct option LONG[] = {
      {"queue", required_argument, NULL, 'q'},  {"frames", required_argument, NULL, 'f'},
      {"frame-size", required_argument, NULL, 'F'}, {"ring", required_argument, NULL, 'r'},
      {"batch", required_argument, NULL, 'b'},  {"mode", required_argument, NULL, 'm'},
      {"wait", required_argument, NULL, 'w'},   {"cpu", required_argument, NULL, 'c'},
      {"warmup", required_argument, NULL, 'W'}, {"duration", required_argument, NULL, 'd'},
      {"size", required_argument, NULL, 's'},   {"dst", required_argument, NULL, 'D'},
      {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0},
  };
  struct options o = {
      .frames = 8192, .frame_size = 2048, .ring = 2048, .batch = 256, .cpu = -1, .warmup = 1, .duration = 5,
      .size = 64, .destination = {2, 0, 0, 0, 0, 2},
  };
  int letter, at = 0;

  while ((letter = getopt_long(argc, argv, "", LONG, &at)) != -1) {
    const char *name = LONG[at].name;
    switch (letter) {
      case 'q': o.queue = number(name, optarg, 0, 65535); break;
      case 'f': o.frames = number(name, optarg, 1, 1 << 20); break;
      case 'F': o.frame_size = power_of_two(name, number(name, optarg, 2048, 4096)); break;
      case 'r': o.ring = power_of_two(name, number(name, optarg, 1, 1 << 16)); break;
      case 'b': o.batch = number(name, optarg, 1, 1 << 16); break;
      case 'm': o.generic = choice(name, optarg, "native", "generic"); break;
      case 'w': o.poll = choice(name, optarg, "spin", "poll"); break;
      case 'c': o.cpu = (int)number(name, optarg, 0, 1023); break;
      case 'W': o.warmup = seconds(name, optarg); break;
      case 'd': o.duration = seconds(name, optarg); break;
      case 's': o.size = number(name, optarg, MIN_SIZE, MAX_SIZE); break;
      case 'D': {
        struct ether_addr mac;
        if (!ether_aton_r(optarg, &mac)) usage("bad value for --", name);
        memcpy(o.destination, &mac, sizeof o.destination);
        break;
      }
      case 'j': o.json = true; break;
      default: usage("cannot read the options", "");
    }
  }

  if (optind == argc) usage("no workload", "");
  o.workload = argv[optind++];
  const int wanted = strcmp(o.workload, "forward") ? 1 : 2;
  if (argc - optind != wanted) usage("wrong number of interfaces for ", o.workload);
  for (int i = 0; i < wanted; i++) o.interfaces[i] = argv[optind + i];
  if (o.batch > o.ring) usage("--batch exceeds --ring", "");
  if (o.frames < o.ring) usage("--frames is less than --ring", "");
  return o;
}
