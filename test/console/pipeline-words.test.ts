import { describe, expect, test } from 'vitest';
import { NOW, session } from './session.js';

test('if.stats prints what IXDP prints', () => {
  const { run, lines } = session();
  run('1000 0 fault.bitflip.probability');
  expect(lines('if.stats').slice(0, 15).join('\n')).toBe(`\
0 enp1s0f0 ixgbe queues:1 ZEROCOPY
  rx                    16467306
  tx                    510634
  drop                  0
  noif                  0
  err                   0
  RX tap                disabled
  TX tap                disabled
  fault injection       disabled
    drop probability    0 (0.000%)
    bitflip probability 1000 (1.000%)
    dup probability     0 (0.000%)
    dropped by FI       0
    bitflipped by FI    0
    duplicated by FI    0`);
  run('50 fault.drop.propability 0 tap.rx.enable 1 tap.tx.enable 1 fault.enable 50000 1 fault.dup.probability');
  const after = lines('if.stats');
  expect(after.filter((line) => /tap|fault|drop p|dup p/.test(line))).toEqual([
    '  RX tap                enabled',
    '  TX tap                disabled',
    '  fault injection       disabled',
    '    drop probability    50 (5.000%)',
    '    dup probability     0 (0.000%)',
    '  RX tap                disabled',
    '  TX tap                enabled',
    '  fault injection       enabled',
    '    drop probability    50 (5.000%)',
    '    dup probability     50000 (50.000%)',
  ]);
  expect(after[15]).toBe('1 enp1s0f1 ixgbe queues:1 COPY');
});

test('if.qstats', () => {
  const { lines, data, failure } = session();
  expect(lines('0 1 if.qstats')).toEqual([
    '1 enp1s0f1 queue:0 worker:1',
    '  rxPackets             7',
    '  txPackets             8',
  ]);
  expect(data('0 enp1s0f0 if.qstats')).toEqual([
    { index: 0, name: 'enp1s0f0', queue: 0, worker: 0, counts: { rxPackets: 7, txPackets: 8 } },
  ]);
  expect(failure('1 0 if.qstats')).toBe('if.qstats: queue "1" is not a queue: enp1s0f0 has 1');
  expect(failure('-1 0 if.qstats')).toBe('if.qstats: queue "-1" is not a whole number from 0 to 65535');
});

test('if.etype.show', () => {
  expect(session().lines('0 if.etype.show')).toEqual([
    '0x0800 IPv4  vlan:0  1234 packets  5678 bytes  last 00:23:7d:86:71:ff Hewlett Packard',
    '0x9999       vlan:0     1 packets    60 bytes  last 00:23:7d:86:71:ff Hewlett Packard',
    '0x86dd IPv6  vlan:1     2 packets   200 bytes  last 02:00:00:00:00:01 (locally administered)',
  ]);
});

test('if.mac.show', () => {
  const { control, lines, data } = session();
  expect(lines('0 if.mac.show')).toEqual([]);
  const entries = [
    { mac: '02:00:00:00:00:01', packets: 1, bytes: 60, lastSeen: NOW + 5 },
    { mac: '00:23:7d:86:71:ff', packets: 12345, bytes: 678910, lastSeen: NOW - 1500 },
    { mac: '00:00:01:00:00:00', packets: 2, bytes: 120, lastSeen: NOW - 3_600_000 },
  ];
  control.macTable = { entries, overflow: 3 };
  expect(lines('0 if.mac.show')).toEqual([
    '00:00:01:00:00:00 (unknown vendor)            2 packets     120 bytes  3600.0 s ago',
    '00:23:7d:86:71:ff Hewlett Packard         12345 packets  678910 bytes     1.5 s ago',
    '02:00:00:00:00:01 (locally administered)      1 packets      60 bytes     0.0 s ago',
    '3 packets of addresses that found no room here',
  ]);
  expect(data('0 if.mac.show')).toEqual([
    {
      index: 0,
      overflow: 3,
      macs: [
        { ...entries[2], vendor: null, local: false, group: false },
        { ...entries[1], vendor: 'Hewlett Packard', local: false, group: false },
        { ...entries[0], vendor: null, local: true, group: false },
      ],
    },
  ]);
});

describe.each(['tap.hash', 'drop.hash', 'fault.hash.src', 'fault.hash.dst'])('%s', (prefix) => {
  test('is filled, shown and emptied', () => {
    const { control, lines, data, failure } = session();
    const { tap, drops, faults } = control;
    const sets = { 'tap.hash': tap.macs, 'drop.hash': drops, 'fault.hash.src': faults.sources };
    const set = { ...sets, 'fault.hash.dst': faults.destinations }[prefix]!;
    const macs = ['FF:FF:FF:FF:FF:FF', '02-00-00-00-00-01', '00:23:7d:86:71:ff', '03:00:00:00:00:01'];
    expect(lines(macs.map((mac) => `${mac} ${prefix}.insert`).join(' '))).toEqual([]);
    expect([...set.list()].sort()).toEqual(macs.map((mac) => mac.toLowerCase().replaceAll('-', ':')).sort());
    expect(lines(`${prefix}.show`)).toEqual([
      '00:23:7d:86:71:ff Hewlett Packard',
      '02:00:00:00:00:01 (locally administered)',
      '03:00:00:00:00:01 (group) (locally administered)',
      'ff:ff:ff:ff:ff:ff (broadcast)',
    ]);
    expect(data(`${prefix}.show`)).toMatchObject([{ macs: [{ vendor: 'Hewlett Packard' }, { local: true }, {}, {}] }]);
    expect(failure(`00:00:00:00:00:00 ${prefix}.insert`)).toBe(`${prefix}.insert: the set is full`);
    expect(failure(`1 ${prefix}.insert`)).toBe(
      `${prefix}.insert: mac "1" is not an Ethernet address, such as 02:00:00:00:00:01`,
    );
    expect(lines(`${prefix}.reset ${prefix}.show`)).toEqual([]);
    expect(set.list()).toEqual([]);
  });
});

test('tap switches and tap.status', () => {
  const { control, lines, failure } = session();
  const taps = () => control.interfaces().map(({ rxTap, txTap }) => [rxTap, txTap]);
  lines('0 tap.rx.enable enp1s0f1 tap.tx.enable');
  expect(taps()).toEqual([
    [true, false],
    [false, true],
  ]);
  lines('0 tap.rx.disable 1 tap.tx.disable 0 tap.tx.enable 1 tap.rx.enable');
  expect(taps()).toEqual([
    [false, true],
    [true, false],
  ]);
  for (const wrong of ['2', '-1', '0x0', 'eth0', '1.0', '""']) {
    const text = wrong.replaceAll('"', '');
    expect(failure(`${wrong} tap.rx.enable`)).toBe(
      `tap.rx.enable: interface "${text}" is not an interface: 0 enp1s0f0, 1 enp1s0f1`,
    );
  }
  expect(lines('tap.status')).toEqual([
    'ixdp.pqueue.tap',
    '  size                  1024 bytes',
    '  waiting               3',
    '  tapped                10',
    '  collected             5',
    '  lost                  1',
    '  abandoned             1',
    '  collectors            2',
  ]);
});

/** A line, and what it sets: of all interfaces, or of interface 1. */
const settings: readonly (readonly [line: string, change: object])[] = [
  ['1000 fault.drop.propability', { dropProbability: 1000 }],
  ['1 fault.drop.probability', { dropProbability: 1 }],
  ['2 fault.corrupt.propability', { corruptProbability: 2 }],
  ['3 fault.corrupt.probability', { corruptProbability: 3 }],
  ['4 fault.corrupt.amount', { corruptAmount: 4 }],
  ['5 fault.grow.propability', { growProbability: 5 }],
  ['6 fault.grow.probability', { growProbability: 6 }],
  ['65535 fault.grow.amount', { growAmount: 65535 }],
  ['7 fault.shrink.propability', { shrinkProbability: 7 }],
  ['8 fault.shrink.probability', { shrinkProbability: 8 }],
  ['0 fault.shrink.amount', { shrinkAmount: 0 }],
  ['4294967295 fault.seed', { seed: 0xffff_ffff }],
  ['on fault.checksum.mend', { mendChecksums: true }],
  ['1 fault.checksum.mend 0 fault.checksum.mend', { mendChecksums: false }],
];
const portSettings: readonly (readonly [line: string, change: object])[] = [
  ['1 fault.enable', { enabled: true }],
  ['1 fault.enable 1 fault.disable', { enabled: false }],
  ['100000 1 fault.bitflip.probability', { bitflipProbability: 100_000 }],
  ['50000 1 fault.dup.probability', { duplicateProbability: 50_000 }],
  ['20ms 1 fault.delay', { delay: 20_000 }],
  ['1.5s 1 fault.delay', { delay: 1_500_000 }],
  ['500us 1 fault.delay', { delay: 500 }],
  ['700 1 fault.delay', { delay: 700 }],
  ['2ms 1 fault.jitter', { jitter: 2000 }],
  ['paretonormal enp1s0f1 fault.distribution', { distribution: 'paretonormal' }],
  ['25000 1 fault.reorder.probability', { reorderProbability: 25_000 }],
  ['5 1 fault.reorder.gap', { reorderGap: 5 }],
  ['1000 2000 90000 10 1 fault.loss.gilbert', { gilbert: { p: 1000, r: 2000, lossBad: 90_000, lossGood: 10 } }],
  ['10mbit 1 fault.rate', { rate: 10_000_000 }],
  ['1.5Gbit 1 fault.rate', { rate: 1_500_000_000 }],
  ['9600 1 fault.rate', { rate: 9600 }],
];

test.each(settings)('%s', (line, change) => {
  const { control, lines } = session();
  const before = control.faults.status();
  expect(lines(line)).toEqual([]);
  expect(control.faults.status()).toEqual({ ...before, ...change });
});

test.each(portSettings)('%s', (line, change) => {
  const { control, lines } = session();
  const before = control.faults.status();
  expect(lines(line)).toEqual([]);
  const [first, second] = before.ports;
  expect(control.faults.status()).toEqual({ ...before, ports: [first, { ...second, ...change }] });
});

const outOfRange: readonly (readonly [line: string, says: string])[] = [
  ['1001 fault.drop.propability', 'p "1001" is not a whole number from 0 to 1000'],
  ['0.05 fault.drop.probability', 'p "0.05" is not a whole number from 0 to 1000'],
  ['-1 fault.shrink.amount', 'n "-1" is not a whole number from 0 to 65535'],
  ['65536 fault.corrupt.amount', 'p "65536" is not a whole number from 0 to 65535'],
  ['4294967296 fault.seed', 'seed "4294967296" is not a whole number from 0 to 4294967295'],
  ['yes fault.checksum.mend', 'switch "yes" is not on or off'],
  ['100001 0 fault.dup.probability', 'probability "100001" is not a whole number from 0 to 100000'],
  ['61s 0 fault.delay', 'time "61s" is not a time up to 60 s, such as 500us, 20ms or 1.5s, or in microseconds'],
  ['1h 0 fault.jitter', 'time "1h" is not a time up to 60 s, such as 500us, 20ms or 1.5s, or in microseconds'],
  ['gauss 0 fault.distribution', 'name "gauss" is not one of uniform, normal, pareto, paretonormal'],
  ['1 2 3 100001 0 fault.loss.gilbert', 'good "100001" is not a whole number from 0 to 100000'],
  [
    '2000gbit 0 fault.rate',
    'rate "2000gbit" is not a rate up to 1000gbit, such as 512kbit, 10mbit or 1gbit, or in bits a second',
  ],
  ['1000001 0 fault.reorder.gap', 'n "1000001" is not a whole number from 0 to 1000000'],
  ['1 9 fault.bitflip.probability', 'interface "9" is not an interface: 0 enp1s0f0, 1 enp1s0f1'],
  ['fault.enable', 'operand interface missing'],
];

test.each(outOfRange)('%s changes nothing', (line, says) => {
  const { control, failure } = session();
  const before = control.faults.status();
  expect(failure(line)).toBe(`${line.split(' ').at(-1)}: ${says}`);
  expect(control.faults.status()).toEqual(before);
});

test('fault.status', () => {
  const { lines, data } = session();
  lines(
    '50 fault.drop.probability 2 fault.grow.amount 7 fault.seed 1 fault.enable 02:00:00:00:00:01 fault.hash.src.insert',
  );
  lines(
    '20ms 1 fault.delay 1500us 1 fault.jitter normal 1 fault.distribution 10mbit 1 fault.rate 5 1 fault.reorder.gap',
  );
  const shown = lines('fault.status');
  expect(shown.slice(0, 9)).toEqual([
    'all interfaces',
    '  drop probability      50 (5.000%)',
    '  corrupt probability   0 (0.000%), 1 byte',
    '  grow probability      0 (0.000%), 2 bytes',
    '  shrink probability    0 (0.000%), 1 byte',
    '  DST machash           empty: all packets qualify',
    '  SRC machash           1 address',
    '  seed                  7',
    '  mend checksums        disabled',
  ]);
  expect(shown).toContain('0 enp1s0f0 fault injection disabled');
  expect(shown.slice(-21, -10)).toEqual([
    '  no room to hold       0',
    '1 enp1s0f1 fault injection enabled',
    '  bitflip probability   0 (0.000%)',
    '  dup probability       0 (0.000%)',
    '  delay                 20 ms +- 1500 us normal',
    '  reorder probability   0 (0.000%), every 5th',
    '  burst loss            p 0 (0.000%) r 0 (0.000%)',
    '    bad                 0 (0.000%)',
    '    good                0 (0.000%)',
    '  rate                  10000000 bit/s',
    '  dropped               0',
  ]);
  expect(data('fault.status')).toMatchObject([
    {
      dropProbability: 50,
      sources: 1,
      destinations: 0,
      interfaces: [{ name: 'enp1s0f0' }, { enabled: true, delay: 20_000 }],
    },
  ]);
});

/** Every word of IXDP with its stack comment, and of xdptap. */
const IXDP = `
if.stats ( - )
if.qstats ( queue interface - )
if.etype.show ( i - )
if.mac.show ( i - )
tap.hash.insert ( mac - )
tap.hash.reset ( - )
tap.hash.show ( - )
tap.rx.disable ( interface - )
tap.rx.enable ( interface - )
tap.status ( - )
tap.tx.disable ( interface - )
tap.tx.enable ( interface - )
drop.hash.insert ( mac - )
drop.hash.reset ( - )
drop.hash.show ( - )
fault.disable ( interface - )
fault.enable ( interface - )
fault.hash.dst.insert ( mac - )
fault.hash.dst.reset ( - )
fault.hash.dst.show ( - )
fault.hash.src.insert ( mac - )
fault.hash.src.reset ( - )
fault.hash.src.show ( - )
fault.drop.propability ( p - )
fault.corrupt.amount ( p - )
fault.corrupt.propability ( p - )
fault.grow.amount ( n - )
fault.grow.propability ( p - )
fault.shrink.amount ( n - )
fault.shrink.propability ( p - )
fault.status ( - )
fault.bitflip.probability ( probability interface - )
fault.dup.probability ( probability interface - )
fault.drop.probability ( p - )
fault.corrupt.probability ( p - )
fault.grow.probability ( p - )
fault.shrink.probability ( p - )
`;

test('all words of IXDP are there, with their stack comments', () => {
  const words = session().words.map(({ name, stack }) => `${name} ${stack}`);
  for (const word of IXDP.trim().split('\n')) expect(words).toContain(word);
  expect(new Set(words).size).toBe(words.length);
});

test('a bug behind a word fails the word, and nothing else', () => {
  const { control, lines, failure } = session();
  control.tap.status = () => {
    throw new TypeError('x is undefined');
  };
  expect(failure('tap.status')).toBe('tap.status: something that should not happen: x is undefined');
  expect(lines('1 .')).toEqual(['1']);
});
