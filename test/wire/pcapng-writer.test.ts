// needs: tshark
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CapturedPacket, PcapngWriter, readCapture } from '../../dist/wire/index.js';
import { tsharkFields, withFile } from './tshark.js';

const packets = fc
  .sample(
    fc.record({
      bytes: fc.uint8Array({ minLength: 14, maxLength: 300 }),
      seconds: fc.nat(4_294_967_295),
      nanoseconds: fc.nat(999_999_999),
      interface: fc.nat(2),
      direction: fc.constantFrom(0 as const, 1 as const, 2 as const),
      comment: fc.option(fc.constantFrom('dropped', 'ä', 'of five', ''), { nil: undefined }),
      lostBefore: fc.nat(3),
    }),
    { seed: 5, numRuns: 300 },
  )
  .map((packet) => ({ ...packet, originalLength: packet.bytes.length + (packet.lostBefore % 2) * 100 }));

function written(): Uint8Array {
  const writer = new PcapngWriter(['eth0', 'ä-long-name', ''], 9216);
  writer.begin();
  const pieces: Uint8Array[] = [];
  for (const { bytes, ...rest } of packets) {
    writer.packet({ ...rest, bytes, offset: 0, length: bytes.length }, rest);
    if (writer.pending > 5000) pieces.push(writer.take().slice());
  }
  return Buffer.concat([...pieces, writer.take()]);
}

test('our reader reads what is written', async () => {
  const found: CapturedPacket[] = [];
  for await (const packet of readCapture([written()])) found.push(packet);
  expect(found).toEqual(
    packets.map(({ bytes, originalLength, seconds, nanoseconds }) => ({ bytes, originalLength, seconds, nanoseconds })),
  );
});

test('tshark reads what is written', () => {
  const fields = ['frame.interface_id', 'frame.packet_flags_direction', 'frame.comment', 'frame.drop_count'] as const;
  const found = withFile(written(), (path) => tsharkFields(path, ['frame.len', 'frame.cap_len', ...fields]));
  expect(
    found.map((row) => [row['frame.len'], row['frame.cap_len'], ...fields.slice(0, 3).map((f) => row[f])]),
  ).toEqual(
    packets.map((packet) => [
      String(packet.originalLength),
      String(packet.bytes.length),
      String(packet.interface),
      packet.direction === 0 ? '' : `0x0000000${packet.direction}`,
      packet.comment ?? '',
    ]),
  );
});
