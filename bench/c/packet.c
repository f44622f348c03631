#include "packet.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>

enum { DISCARD_PORT = 9, HOPS = 64 };

static uint16_t header_checksum(const struct iphdr *header) {
  uint16_t words[sizeof *header / 2];
  uint32_t sum = 0;
  memcpy(words, header, sizeof words);
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) sum += words[i];
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~(sum + (sum >> 16));
}

void write_packet(uint8_t *frame, const struct options *options) {
  struct ether_header ether = {.ether_shost = {2, 0, 0, 0, 0, 1}, .ether_type = htons(ETHERTYPE_IP)};
  memcpy(ether.ether_dhost, options->destination, sizeof ether.ether_dhost);
  const uint16_t ip_length = (uint16_t)(options->size - sizeof ether);
  struct iphdr ip = {
      .version = 4,
      .ihl = sizeof ip / 4,
      .tot_len = htons(ip_length),
      .ttl = HOPS,
      .protocol = IPPROTO_UDP,
      .saddr = htonl(0xc6120001), /* 198.18.0.0/15 is for benchmarks: RFC 2544 */
      .daddr = htonl(0xc6130001),
  };
  ip.check = header_checksum(&ip);
  const struct udphdr udp = {
      .source = htons(DISCARD_PORT), .dest = htons(DISCARD_PORT), .len = htons((uint16_t)(ip_length - sizeof ip))};

  memset(frame, 0, options->size);
  memcpy(frame, &ether, sizeof ether);
  memcpy(frame + sizeof ether, &ip, sizeof ip);
  memcpy(frame + sizeof ether + sizeof ip, &udp, sizeof udp);
}
