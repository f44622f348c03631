"""Frames with every protocol that expressions name, one to a line in hex."""

from scapy.all import (
    ARP, Dot1AD, Dot1Q, Dot3, Ether, GRE, ICMP, IP, IPv6, LLC, SCTP, SNAP, STP, TCP, UDP, Raw,
    ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6DestUnreach, IPOption_RR, IPOption_Timestamp,
    IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PPP, PPPoE, PPPoED, PadN, fragment,
)
from scapy.contrib.mpls import MPLS
from scapy.layers.ipsec import AH, ESP

A, B, C = "02:00:00:00:00:01", "02:00:00:00:00:02", "00:1b:21:0a:0b:0c"
ETHER = Ether(src=A, dst=B)
BACK = Ether(src=B, dst=A)
V4 = IP(src="10.0.0.1", dst="10.0.0.2")
OTHER = IP(src="192.168.1.5", dst="10.1.2.3")
V6 = IPv6(src="2001:db8::1", dst="2001:db8:1::2")
LOCAL = IPv6(src="fe80::1", dst="ff02::1")

frames = []


def add(*packets):
    frames.extend(bytes(packet) for packet in packets)


# TCP: every flag, some together, with options and without.
for flags in ["", "F", "S", "R", "P", "A", "U", "E", "C", "SA", "FA", "PA", "RA", "FPU", "SEC", "FSRPAUEC"]:
    add(ETHER / V4 / TCP(sport=40000, dport=80, flags=flags))
add(
    BACK / IP(src="10.0.0.2", dst="10.0.0.1") / TCP(sport=443, dport=40001, flags="SA", options=[("MSS", 1460)]),
    ETHER / OTHER / TCP(sport=22, dport=50000, flags="PA", seq=0xFFFFFFFF) / Raw(b"GET / HTTP/1.1\r\n\r\n"),
    ETHER / OTHER / TCP(sport=1024, dport=8080, window=0) / Raw(bytes(1400)),
    ETHER / V6 / TCP(sport=40000, dport=80, flags="S"),
    BACK / IPv6(src="2001:db8:1::2", dst="2001:db8::1") / TCP(sport=443, dport=443, flags="A"),
    ETHER / IPv6(src="2001:db9::7", dst="fe80::99") / TCP(sport=22, dport=8000),
)
# UDP.
for sport, dport in [(53, 5353), (5000, 53), (5000, 443), (443, 443), (67, 68), (123, 123), (8000, 8080), (65535, 1), (514, 514)]:
    add(ETHER / V4 / UDP(sport=sport, dport=dport) / Raw(b"x" * (dport % 50)))
    add(ETHER / V6 / UDP(sport=sport, dport=dport) / Raw(b"y" * 8))
add(
    Ether(src=C, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67),
    Ether(src=C, dst="01:00:5e:00:00:fb") / IP(src="10.0.0.9", dst="224.0.0.251") / UDP(sport=5353, dport=5353),
    Ether(src=C, dst="33:33:00:00:00:fb") / IPv6(src="fe80::9", dst="ff02::fb") / UDP(sport=5353, dport=5353),
    ETHER / IP(src="127.0.0.1", dst="10.0.0.0") / UDP(sport=1, dport=2),
    ETHER / IP(src="172.16.5.4", dst="172.31.255.255", tos=0xB8, ttl=1) / UDP(sport=1812, dport=1813) / Raw(bytes(100)),
)
# SCTP.
add(ETHER / V4 / SCTP(sport=80, dport=443), ETHER / V6 / SCTP(sport=5000, dport=80), ETHER / OTHER / SCTP(sport=36412, dport=1))
# ICMP.
for kind in [0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]:
    add(ETHER / V4 / ICMP(type=kind, code=kind % 3))
add(
    ETHER / V6 / ICMPv6EchoRequest(data=b"ping"),
    ETHER / LOCAL / ICMPv6ND_NS(tgt="fe80::2"),
    ETHER / LOCAL / ICMPv6ND_RA(),
    ETHER / V6 / ICMPv6DestUnreach(code=4) / V6 / UDP(),
)
# Other protocols above IP.
for proto in [2, 9, 47, 50, 51, 89, 103, 112, 0, 255, 1, 6, 17, 132]:
    add(ETHER / IP(src="10.0.0.3", dst="224.0.0.5", proto=proto) / Raw(bytes(range(40))))
    add(ETHER / IPv6(src="2001:db8::3", dst="ff02::5", nh=proto) / Raw(bytes(range(40))))
add(
    ETHER / V4 / AH(spi=1, payloadlen=4, nh=6, icv=bytes(12)) / TCP(sport=80),
    ETHER / V6 / AH(spi=1, payloadlen=4, nh=17, icv=bytes(12)) / UDP(sport=53),
    ETHER / V4 / ESP(spi=7, seq=1, data=b"secret"),
    ETHER / V4 / GRE() / V4 / TCP(dport=80),
    ETHER / V4 / IP(src="1.2.3.4", dst="5.6.7.8") / UDP(dport=53),
)
# IPv4 options; headers that lie about their length.
add(
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption_RR(routers=["1.1.1.1", "2.2.2.2"])]) / TCP(sport=80, dport=22, flags="S"),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption_Timestamp()]) / UDP(sport=53, dport=53),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption_RR(routers=["9.9.9.9"] * 9)]) / ICMP(type=8),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", ihl=0) / TCP(sport=80, dport=80),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", ihl=3) / UDP(sport=443, dport=443),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", ihl=15) / TCP(sport=80, dport=80),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", ihl=15) / TCP(sport=80, dport=80) / Raw(b"\x00\x50" * 40),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", version=6) / TCP(sport=80, dport=80),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", len=7) / UDP(sport=80, dport=80),
)
# Fragments.
add(*fragment(ETHER / V4 / UDP(sport=53, dport=53) / Raw(b"\x00\x35" * 1000), 600))
add(*fragment(ETHER / V4 / TCP(sport=80, dport=80) / Raw(b"\x00\x50" * 100), 64))
add(
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", flags="DF") / TCP(dport=443),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", flags="evil") / TCP(dport=443),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF", frag=0, proto=6) / TCP(dport=443),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", frag=0x1FFF, proto=6) / Raw(b"\x00\x50" * 20),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", frag=0x1000, proto=6) / Raw(b"\x00\x50" * 20),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", frag=1, proto=17) / Raw(b"\x00\x50" * 20),
    ETHER / V6 / IPv6ExtHdrFragment(m=1, id=5) / UDP(sport=53, dport=80),
    ETHER / V6 / IPv6ExtHdrFragment(offset=100, nh=17) / Raw(b"\x00\x50" * 20),
    ETHER / V6 / IPv6ExtHdrFragment(nh=6) / TCP(sport=80, dport=443),
    ETHER / V6 / IPv6ExtHdrFragment(nh=58) / ICMPv6EchoRequest(),
)
# Extension headers.
add(
    ETHER / V6 / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\x06\x06")]) / TCP(sport=80, dport=80),
    ETHER / V6 / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest(),
    ETHER / V6 / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(nh=17) / UDP(sport=53, dport=53),
    ETHER / V6 / IPv6ExtHdrRouting(addresses=["2001:db8::9"]) / UDP(sport=53, dport=53),
    ETHER / IPv6(src="2001:db8::1", dst="2001:db8::2", nh=59),
)
# ARP and RARP.
add(
    Ether(src=A, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=A, psrc="10.0.0.1", pdst="10.0.0.2"),
    BACK / ARP(op=2, hwsrc=B, hwdst=A, psrc="10.0.0.2", pdst="10.0.0.1"),
    ETHER / ARP(op=1, psrc="192.168.1.5", pdst="10.1.2.3"),
    Ether(src=A, dst=B, type=0x8035) / ARP(op=3, psrc="10.0.0.1", pdst="10.0.0.4"),
)
# VLANs.
INNER = [V4 / TCP(sport=80, dport=443, flags="S"), V6 / UDP(sport=53, dport=53), ARP(psrc="10.0.0.1", pdst="10.0.0.2")]
for inner in INNER:
    add(
        ETHER / Dot1Q(vlan=100) / inner,
        ETHER / Dot1Q(vlan=5, prio=7, id=1) / inner,
        ETHER / Dot1Q(vlan=0) / inner,
        ETHER / Dot1Q(vlan=4095) / inner,
        ETHER / Dot1AD(vlan=200) / Dot1Q(vlan=100) / inner,
        ETHER / Dot1Q(vlan=100) / Dot1Q(vlan=200) / inner,
        Ether(src=A, dst=B, type=0x9100) / Dot1Q(vlan=100) / inner,
        ETHER / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / inner,
    )
# MPLS and PPPoE.
MPLS_ETHER = Ether(src=A, dst=B, type=0x8847)
for inner, number in zip(INNER, [b"\x00\x21", b"\x00\x57"]):
    add(
        MPLS_ETHER / MPLS(label=5, s=1) / inner,
        MPLS_ETHER / MPLS(label=5, s=0) / MPLS(label=16, s=1) / inner,
        MPLS_ETHER / MPLS(label=1048575, s=0) / MPLS(label=5, s=0) / MPLS(label=0, s=1) / inner,
        ETHER / Dot1Q(vlan=100, type=0x8847) / MPLS(label=16, s=1) / inner,
        ETHER / PPPoE(sessionid=7) / PPP() / inner,  # Of scapy's PPP the protocol has one byte, which libpcap does not look for.
        ETHER / PPPoE(sessionid=7) / Raw(number) / inner,
        ETHER / PPPoE(sessionid=0x1234) / Raw(number) / inner,
        ETHER / Dot1Q(vlan=100) / PPPoE(sessionid=7) / Raw(number) / inner,
    )
add(
    ETHER / PPPoED(sessionid=0),
    ETHER / PPPoE(sessionid=7) / PPP(proto=0xC021) / Raw(bytes(10)),
    ETHER / PPPoE(sessionid=7) / PPP(proto=0x0281) / MPLS(label=5, s=1) / INNER[0],
)
# The same on both sides, and addresses that are seldom seen.
add(
    ETHER / IP(src="10.0.0.1", dst="10.0.0.1") / TCP(sport=80, dport=80, flags="S"),
    ETHER / IPv6(src="fe80::1", dst="fe80::1") / UDP(sport=53, dport=53),
    ETHER / IPv6(src="::ffff:10.0.0.1", dst="::1") / TCP(sport=0, dport=0),
    Ether(src=A, dst=A) / IP(src="3.232.0.1", dst="3.232.0.2") / UDP(sport=0, dport=0),
    Ether(src=A, dst="33:33:00:00:00:01") / Dot1Q(vlan=100) / LOCAL / ICMPv6EchoRequest(),
    Ether(src=A, dst="01:80:c2:00:00:00") / Dot1Q(vlan=100, type=39) / LLC(dsap=0x42, ssap=0x42) / STP(),
    ETHER / IP(src="10.0.0.1", dst="10.0.0.2", ttl=54) / UDP(sport=9, dport=9) / Raw(bytes(12)),
)
# IEEE 802.3 and other EtherTypes.
add(
    Dot3(src=A, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42) / STP(),
    Dot3(src=A, dst=B) / LLC(dsap=0xFE, ssap=0xFE, ctrl=3) / Raw(b"\x81" + bytes(20)),
    Dot3(src=A, dst=B) / LLC(dsap=0xFE, ssap=0xFE, ctrl=3) / Raw(b"\x82" + bytes(20)),
    Dot3(src=A, dst=B) / LLC(dsap=0xFE, ssap=0xFE, ctrl=3) / Raw(b"\x83" + bytes(20)),
    Dot3(src=A, dst=B) / LLC(dsap=0xE0, ssap=0xE0, ctrl=3) / Raw(bytes(30)),
    Dot3(src=A, dst=B) / LLC(dsap=0xF0, ssap=0xF0, ctrl=3) / Raw(bytes(30)),
    Dot3(src=A, dst=B) / LLC(dsap=0x06, ssap=0x06, ctrl=3) / V4,
    Dot3(src=A, dst=B) / Raw(b"\xff\xff" + bytes(30)),
    Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x080007, code=0x809B) / Raw(bytes(20)),
    Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x80F3) / Raw(bytes(20)),
    Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x8137) / Raw(bytes(20)),
)
for kind in [0x809B, 0x80F3, 0x8137, 0x6001, 0x6002, 0x6003, 0x6004, 0x6007, 0x9000, 0x88CC, 0x0600, 0xFFFF, 1500, 1501]:
    add(Ether(src=A, dst=B, type=kind) / Raw(bytes(range(50))))

for frame in frames:
    print(frame.hex())
