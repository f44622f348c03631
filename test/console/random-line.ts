const LITERALS = [
  '0',
  '1',
  '2',
  '-1',
  '1000',
  '1001',
  '65536',
  '4294967295',
  '18446744073709551615',
  '99999999999999999999',
  '0.05',
  '0x1f',
  '20ms',
  '10mbit',
  'on',
  'off',
  'normal',
  'enp1s0f0',
  'enp1s0f1',
  '02:00:00:00:00:01',
  'ff:ff:ff:ff:ff:ff',
  '10.0.0.1',
  '10.0.0.0/8',
  '::1',
  '::ffff:1.2.3.4',
  '10.0.0.1-10.0.0.9',
  '0102',
  'a',
  'b',
  'loop',
  '"',
  '""',
  '"a b"',
  '"\\"',
  '#',
  '\t',
  '\n',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  'é',
  '😀',
  '\ud800',
  '{',
  '}',
  '{ {',
  '"a" a !!',
  '"a b" b !!',
  '"{ a } b" a !!',
  '"loop loop" loop !!',
  '"b b b b" a !!',
  '1 a !',
  'a @',
  'words load',
  'self load',
  'if.stat',
  '__proto__',
  'constructor',
  'toString',
  '"__proto__" @',
  '1 __proto__ !',
  '"1" constructor !!',
] as const;

/**
 * A line that a mad operator might type: words, literals, and things that look like them; now and then plain noise.
 *
 * @param random 32 bits
 */
export function randomLine(random: () => number, names: readonly string[]): string {
  const pick = <T>(choices: readonly T[]): T => choices[random() % choices.length]!;
  const length = random() % 64 === 0 ? random() % 1500 : random() % 12;
  if (random() % 16 === 0)
    return String.fromCharCode(...Array.from({ length }, () => random() % (random() % 2 ? 128 : 0xffff)));
  const token = () => (random() % 2 === 0 ? pick(names) : pick(LITERALS));
  const parts = Array.from({ length }, () => (random() % 32 === 0 ? damaged(token(), random) : token()));
  return parts.join(random() % 64 === 0 ? '' : ' ');
}

function damaged(text: string, random: () => number): string {
  const at = random() % (text.length + 1);
  return text.slice(0, at) + String.fromCharCode(random() % 256) + text.slice(at + (random() % 2));
}
