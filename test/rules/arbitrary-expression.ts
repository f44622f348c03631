import fc from 'fast-check';

const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '192.168.1.5', '224.0.0.5', '10.1', '2001:db8::1', 'fe80::9');
const net = fc.constantFrom(
  '10',
  '10.0.0.0/8',
  '10.0.0.0/30',
  '192.168.0.0/16',
  '0.0.0.0/0',
  '10.0.0.0 mask 255.255.0.0',
  '2001:db8::/32',
  '2001:db8:1::/64',
  'fe80::/10',
  '::/0',
);
const mac = fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff', '0:1b:21:a:b:c');
const port = fc.constantFrom('80', '443', '53', '22', 'https', 'ssh', 'domain', '0x1bb', '65535', '5000');
const range = fc.constantFrom('80-443', '443-80', '1-1023', '1024-65535', '53-53', '80');
const number = fc.constantFrom(
  '0',
  '1',
  '2',
  '4',
  '5',
  '6',
  '8',
  '17',
  '20',
  '40',
  '64',
  '80',
  '0xff',
  '255',
  '0x0800',
  '443',
);
const direction = fc.constantFrom('', 'src ', 'dst ', 'src or dst ', 'src and dst ', 'dst or src ');

/** One value, or several of them behind one another or in parentheses. */
function values(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const join = fc.constantFrom(' or ', ' and ', ' or not ', ' && ', '||');
  return fc.oneof(
    { weight: 3, arbitrary: value },
    fc.tuple(value, join, value).map((parts) => parts.join('')),
    fc.tuple(value, join, value).map((parts) => `(${parts.join('')})`),
    fc.tuple(value, join, value, join, value).map(([a, j, b, k, c]) => `${a}${j}(${b}${k}${c})`),
    fc.tuple(value, join, value, join, value).map(([a, j, b, k, c]) => `(${a}${j}(${b}${k}${c}))`),
  );
}

function qualified(protocols: string[], kind: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const protocol = fc.constantFrom('', ...protocols.map((name) => `${name} `));
  return fc.tuple(protocol, direction, values(value)).map(([p, d, v]) => `${p}${d}${kind} ${v}`);
}

const primitive = fc.oneof(
  qualified([], 'host', address),
  qualified(['ip', 'arp'], 'host', fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.2.3')),
  qualified([], 'net', net),
  qualified([], 'port', port),
  qualified(['tcp', 'udp', 'sctp'], 'port', fc.constantFrom('80', '443', '53', '22', '5000')),
  qualified(['tcp', 'udp', 'sctp'], 'portrange', range),
  fc.tuple(direction, values(mac)).map(([d, m]) => `ether ${d}host ${m}`),
  fc.tuple(fc.constantFrom('', 'ip ', 'ip6 ', 'ether '), values(number)).map(([p, n]) => `${p}proto ${n}`),
  fc.constantFrom(
    ...'ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp ah esp stp iso atalk multicast broadcast pppoed'.split(' '),
    'ip multicast',
    'ip6 multicast',
    'less 60',
    'greater 80',
  ),
);
/** They move what follows, and not all of them go together with all else. */
const encapsulation = fc.constantFrom('vlan', 'vlan 100', 'vlan 5', 'vlan 200');

const { arithmetic } = fc.letrec<{ arithmetic: string; operand: string }>((tie) => ({
  operand: fc.oneof(
    { weight: 3, arbitrary: number },
    { weight: 2, arbitrary: fc.constant('len') },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          fc.constantFrom('ether', 'ip', 'ip6', 'tcp', 'udp', 'icmp', 'icmp6', 'arp', 'sctp'),
          fc.oneof({ weight: 4, arbitrary: number }, tie('arithmetic')),
          fc.constantFrom('', ':1', ':2', ':4'),
        )
        .map(([protocol, index, size]) => `${protocol}[${index}${size}]`),
    },
    { weight: 1, arbitrary: tie('arithmetic').map((inside) => `(${inside})`) },
    { weight: 1, arbitrary: tie('operand').map((inside) => `-${inside}`) },
  ),
  arithmetic: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('operand'),
    fc
      .tuple(tie('operand'), fc.constantFrom(...'+ - * & | ^ % /'.split(' ')), tie('arithmetic'))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(tie('operand'), fc.constantFrom('<<', '>>'), fc.constantFrom('0', '1', '4', '31'))
      .map((parts) => parts.join(' ')),
  ),
}));
const relation = fc
  .tuple(arithmetic, fc.constantFrom('=', '==', '!=', '<', '<=', '>', '>='), arithmetic)
  .map((parts) => parts.join(' '));

/** Expressions by the grammar. Some of them no program can be made of: a division by a number that turns out to be zero. */
export const arbitraryExpression: fc.Arbitrary<string> = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      { weight: 4, arbitrary: primitive },
      { weight: 3, arbitrary: relation },
      { weight: 1, arbitrary: encapsulation },
    ),
    fc.tuple(tie('expression'), fc.constantFrom(' and ', ' or '), tie('expression')).map((parts) => parts.join('')),
    fc
      .tuple(tie('expression'), fc.constantFrom(' and ', ' or '), tie('expression'))
      .map(([a, j, b]) => `(${a})${j}${b}`),
    tie('expression').map((inside) => `not ${inside}`),
    tie('expression').map((inside) => `not (${inside})`),
  ),
})).expression;
