/** Which protocols a service's port belongs to. */
export interface Service {
  readonly port: number;
  readonly protocols: readonly string[];
}

/**
 * The everyday ones of Debian's /etc/services, so that an expression means the same on every machine: name, port, protocols,
 * other names.
 */
const SERVICES = readServices(`
  echo 7 tcp/udp, discard 9 tcp/udp null sink, daytime 13 tcp/udp, chargen 19 tcp/udp source ttytst, ftp-data 20 tcp,
  ftp 21 tcp, ssh 22 tcp, telnet 23 tcp, smtp 25 tcp mail, time 37 tcp/udp timserver, whois 43 tcp nicname,
  tacacs 49 tcp/udp, domain 53 tcp/udp, bootps 67 udp, bootpc 68 udp, tftp 69 udp, gopher 70 tcp, finger 79 tcp,
  http 80 tcp www, kerberos 88 tcp/udp kerberos-sec kerberos5 krb5, pop3 110 tcp pop-3, sunrpc 111 tcp/udp portmapper,
  auth 113 tcp authentication ident tap, nntp 119 tcp readnews untp, ntp 123 udp, epmap 135 tcp loc-srv,
  netbios-ns 137 udp, netbios-dgm 138 udp, netbios-ssn 139 tcp, imap2 143 tcp imap, snmp 161 tcp/udp,
  snmp-trap 162 tcp/udp snmptrap, bgp 179 tcp, ipx 213 udp, ptp-event 319 udp, ptp-general 320 udp, ldap 389 tcp/udp,
  svrloc 427 tcp/udp, https 443 tcp/udp, microsoft-ds 445 tcp, kpasswd 464 tcp/udp,
  submissions 465 tcp smtps ssmtp urd, isakmp 500 udp, rtsp 554 tcp/udp, ipp 631 tcp, ldp 646 tcp/udp, exec 512 tcp,
  biff 512 udp comsat, login 513 tcp, who 513 udp whod, shell 514 tcp cmd syslog, syslog 514 udp,
  printer 515 tcp spooler, route 520 udp routed router, uucp 540 tcp uucpd, dhcpv6-client 546 udp,
  dhcpv6-server 547 udp, nntps 563 tcp snntp, submission 587 tcp, ldaps 636 tcp/udp, domain-s 853 tcp/udp,
  rsync 873 tcp, ftps-data 989 tcp, ftps 990 tcp, telnets 992 tcp, imaps 993 tcp, pop3s 995 tcp, socks 1080 tcp,
  openvpn 1194 tcp/udp, ms-sql-s 1433 tcp, ms-sql-m 1434 udp, l2f 1701 udp l2tp, radius 1812 tcp/udp,
  radius-acct 1813 tcp/udp radacct, nfs 2049 tcp/udp, iscsi-target 3260 tcp, mysql 3306 tcp, ms-wbt-server 3389 tcp,
  svn 3690 tcp subversion, epmd 4369 tcp, ipsec-nat-t 4500 udp, iax 4569 udp, sip 5060 tcp/udp, sip-tls 5061 tcp/udp,
  xmpp-client 5222 tcp jabber-client, xmpp-server 5269 tcp jabber-server, mdns 5353 udp, postgresql 5432 tcp postgres,
  amqps 5671 tcp, amqp 5672 tcp, x11 6000 tcp x11-0, redis 6379 tcp, babel 6696 udp, ircs-u 6697 tcp,
  http-alt 8080 tcp webcache, puppet 8140 tcp, nbd 10809 tcp, zabbix-agent 10050 tcp, zabbix-trapper 10051 tcp,
  munin 4949 tcp lrrd, nrpe 5666 tcp, syslog-tls 6514 tcp, ircd 6667 tcp, git 9418 tcp, webmin 10000 tcp`);

/** The protocols above IP, as Debian's /etc/protocols names them. */
const IP_PROTOCOLS = readNumbers(`
  ip 0, hopopt 0, icmp 1, igmp 2, ggp 3, ipencap 4, st 5, tcp 6, egp 8, igp 9, pup 12, udp 17, hmp 20, xns-idp 22, rdp
  27, iso-tp4 29, dccp 33, xtp 36, ddp 37, idpr-cmtp 38, ipv6 41, ipv6-route 43, ipv6-frag 44, idrp 45, rsvp 46, gre
  47, esp 50, ah 51, skip 57, ipv6-icmp 58, ipv6-nonxt 59, ipv6-opts 60, rspf 73, vmtp 81, eigrp 88, ospf 89, ax.25
  93, ipip 94, etherip 97, encap 98, pim 103, ipcomp 108, vrrp 112, l2tp 115, isis 124, sctp 132, fc 133,
  mobility-header 135, udplite 136, mpls-in-ip 137, manet 138, hip 139, shim6 140, wesp 141, rohc 142, ethernet 143`);

/** The names that libpcap has for EtherTypes, and for service access points of IEEE 802.2 (up to 255). */
const ETHER_TYPES = readNumbers(`
  ip 0x0800, ip6 0x86dd, arp 0x0806, rarp 0x8035, atalk 0x809b, aarp 0x80f3, decnet 0x6003, lat 0x6004, sca 0x6007,
  moprc 0x6002, mopdl 0x6001, loopback 0x9000, iso 0xfe, stp 0x42, ipx 0xe0, netbeui 0xf0`);

export function findService(name: string): Service | undefined {
  return SERVICES.get(name);
}

/** The number of a protocol above IP. */
export function findIpProtocol(name: string): number | undefined {
  return IP_PROTOCOLS.get(name);
}

export function findEtherType(name: string): number | undefined {
  return ETHER_TYPES.get(name);
}

/** A name that two lines have, one for TCP and one for UDP, stands for both. */
function readServices(text: string): ReadonlyMap<string, Service> {
  const services = new Map<string, Service>();
  for (const line of text.split(',')) {
    const [name, port, protocols, ...others] = line.trim().split(' ');
    for (const each of [name!, ...others]) {
      const before = services.get(each)?.protocols ?? [];
      services.set(each, { port: Number(port), protocols: [...before, ...protocols!.split('/')] });
    }
  }
  return services;
}

function readNumbers(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split(',').map((entry) => {
      const [name, value] = entry.trim().split(/\s+/);
      return [name!, Number(value)];
    }),
  );
}
