// needs: tshark, editcap
import { execFileSync } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CapturedPacket, pcapHeader, pcapRecord, readCapture } from '../../dist/wire/index.js';
import { tsharkFields, withFile } from './tshark.js';

const packets = fc
  .sample(fc.tuple(fc.uint8Array({ minLength: 14, maxLength: 200 }), fc.nat(999_999_999)), { seed: 3, numRuns: 200 })
  .map(([bytes, nanoseconds], i) => ({ bytes, seconds: 1_700_000_000 + i, nanoseconds, originalLength: bytes.length }));
const file = Buffer.concat([
  pcapHeader(),
  ...packets.map(({ bytes, ...rest }) => pcapRecord({ bytes, offset: 0, length: bytes.length, ...rest })),
]);

test('tshark reads what is written: bytes, lengths, times', () => {
  const found = withFile(file, (path) => tsharkFields(path, ['frame.time_epoch', 'frame.len', 'frame.cap_len']));
  expect(found).toEqual(
    packets.map(({ bytes, seconds, nanoseconds }) => ({
      'frame.time_epoch': `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
      'frame.len': String(bytes.length),
      'frame.cap_len': String(bytes.length),
    })),
  );
});

// editcap -F
const FORMATS = [
  ['pcap', 1000],
  ['nsecpcap', 1],
  ['pcapng', 1],
] as const;
test.each(FORMATS)('reads what editcap writes as %s, whole and cut to 50 bytes', async (format, unit) => {
  for (const snapshot of [undefined, 50]) {
    const converted = withFile(file, (path) => {
      const cut = snapshot === undefined ? [] : ['-s', String(snapshot)];
      execFileSync('editcap', ['-F', format, ...cut, path, `${path}.out`], { stdio: 'ignore' });
      return readFileSync(`${path}.out`);
    });
    const found = await withFile(converted, async (path) => {
      const packets: CapturedPacket[] = [];
      for await (const packet of readCapture(createReadStream(path, { highWaterMark: 1000 }))) packets.push(packet);
      return packets;
    });
    expect(found).toEqual(
      packets.map(({ bytes, nanoseconds, ...rest }) => ({
        ...rest,
        bytes: bytes.slice(0, snapshot),
        nanoseconds: Math.floor(nanoseconds / unit) * unit,
      })),
    );
  }
});
