import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ChecksumMemory, summary } from '../../dist/wire/index.js';
import { patient } from '../patience.js';

const SCRIPT = `
import json, random
from scapy.all import Ether, Dot1Q, IP, IPv6, UDP, TCP, Raw, ICMP, ARP, IPv6ExtHdrHopByHop
from scapy.utils import checksum
from socket import inet_pton, AF_INET, AF_INET6
from struct import pack
random.seed(7)
result = []
for n in range(60):
    six = n % 2
    udp = n // 2 % 2
    layers = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
    for tag in range(n % 3):
        layers /= Dot1Q(vlan=tag + 1)
    a = ('2001:db8::%x' if six else '10.0.0.%d') % random.randrange(1, 250)
    b = ('fe80::%x' if six else '192.168.1.%d') % random.randrange(1, 250)
    layers /= IPv6(src=a, dst=b) if six else IP(src=a, dst=b, ttl=random.randrange(1, 255))
    if six and n % 5 == 0:
        layers /= IPv6ExtHdrHopByHop()
    ports = dict(sport=random.randrange(65536), dport=random.randrange(65536))
    layers /= UDP(**ports) if udp else TCP(flags='PA', seq=random.randrange(2**32), options=[('MSS', 1460)] if n % 4 else [], **ports)
    layers /= Raw(bytes(random.randrange(256) for _ in range(random.randrange(0, 300))))
    right = bytearray(bytes(layers))
    transport = len(layers[UDP if udp else TCP])
    field = len(right) - transport + (6 if udp else 16)
    family = AF_INET6 if six else AF_INET
    pseudo = inet_pton(family, a) + inet_pton(family, b) + pack('!HH', 17 if udp else 6, transport)
    partial = bytearray(right)
    partial[field:field + 2] = pack('!H', ~checksum(pseudo) & 0xffff)
    result.append(dict(right=right.hex(), partial=partial.hex(), name='UDP' if udp else 'TCP', a=a, b=b, tags=n % 3, **ports))
print(json.dumps(result))
`;

interface Sample {
  readonly right: string;
  readonly partial: string;
  readonly name: string;
  readonly a: string;
  readonly b: string;
  readonly tags: number;
  readonly sport: number;
  readonly dport: number;
}

// The system's python has it (python3-scapy), whichever python comes first in the path.
const samples = ['/usr/bin/python3', 'python3'].reduce<Sample[] | undefined>((found, python) => {
  if (found !== undefined) return found;
  const { status, stdout } = spawnSync(python, ['-c', SCRIPT], { encoding: 'utf8', timeout: patient(30_000) });
  return status === 0 ? (JSON.parse(stdout) as Sample[]) : undefined;
}, undefined);

test.skipIf(samples === undefined)('completes to what scapy computes (needs python3-scapy)', () => {
  expect(samples).toHaveLength(60);
  for (const [i, { right, partial }] of samples!.entries()) {
    const start = 64 + (i % 4);
    const bytes = Buffer.alloc(2048);
    const length = bytes.write(partial, start, 'hex');
    expect(new ChecksumMemory(bytes).complete(start, length)).toBe(true);
    expect(bytes.toString('hex', start, start + length)).toBe(right);
    expect(new ChecksumMemory(bytes).complete(start, length)).toBe(false);
  }
});

test.skipIf(samples === undefined)('summary names what scapy put in (needs python3-scapy)', () => {
  for (const { right, name, a, b, sport, dport, tags } of samples!) {
    const bytes = Buffer.from(right, 'hex');
    const ip = (text: string) => (text.includes(':') ? `[${text}]` : text);
    const vlan = ['', 'vlan 1 ', 'vlan 1 vlan 2 '][tags];
    expect(summary(bytes, 0, bytes.length)).toBe(
      `${vlan}${name} ${ip(a)}:${sport} > ${ip(b)}:${dport}, ${bytes.length} bytes`,
    );
  }
});
