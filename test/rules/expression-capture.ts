import { execFileSync } from 'node:child_process';
import { patient } from '../patience.js';

/**
 * Frames made by scapy, with every protocol that expressions name; and the shorter ones that are left of some of them when they
 * are cut off anywhere in their headers.
 */
export function captureFrames(): { whole: Uint8Array[]; cut: Uint8Array[] } {
  // The system's python has scapy (python3-scapy), whichever python comes first in the path.
  const output = execFileSync('/usr/bin/python3', [`${import.meta.dirname}/expression-frames.py`], {
    encoding: 'utf8',
    timeout: patient(30_000),
  });
  const whole = output
    .trim()
    .split('\n')
    .map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
  const cut = whole.flatMap((frame, i) => {
    // Each frame at a few lengths, and every seventh at all of them.
    const lengths = Array.from({ length: Math.min(frame.length, 100) }, (_, length) => length);
    return lengths
      .filter((length) => length > 0 && (i % 7 === 0 || (i * 31 + length) % 17 === 0))
      .map((length) => frame.slice(0, length));
  });
  return { whole, cut };
}
