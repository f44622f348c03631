import { type TapNames, type TapRecord, tapComment } from '../tap/index.js';
import { type CaptureWriter, summary } from '../wire/index.js';
import type { CaptureOutput } from './capture-output.js';
import { printJson } from './output.js';

/** What becomes of collected packets. */
export interface PacketSink {
  packet(record: Readonly<TapRecord>): void;
  /** Before the packets' memory goes away. @returns false when nobody wants more */
  flush(): Promise<boolean>;
  close(): Promise<void>;
}

const DIRECTIONS = ['', 'in', 'out'] as const;

/** Into a capture file or pipe. */
export function captureSink(writer: CaptureWriter, output: CaptureOutput, names: TapNames): PacketSink {
  return {
    packet(record) {
      const { interface: index, direction, lostBefore } = record;
      writer.packet(record, { interface: index, direction, lostBefore, comment: tapComment(record, names) });
    },
    flush: async () => writer.pending === 0 || (await output.write(writer.take())),
    close: () => output.close(),
  };
}

/** A line for each packet, on standard output. */
export function lineSink(names: TapNames, output: CaptureOutput): PacketSink {
  let lines = '';
  return {
    packet(record) {
      const { bytes, offset, length, originalLength, lostBefore } = record;
      const comment = tapComment(record, names);
      const notes = [
        ...(originalLength > length ? [`${originalLength} bytes on the wire`] : []),
        ...(comment === undefined ? [] : [comment]),
        ...(lostBefore > 0 ? [`${lostBefore} lost before`] : []),
      ];
      const where = `${names.interfaces[record.interface]} ${DIRECTIONS[record.direction].padEnd(3)}`;
      const end = notes.length > 0 ? `  [${notes.join('; ')}]` : '';
      lines += `${clock(record)} ${where} ${summary(bytes, offset, length)}${end}\n`;
    },
    async flush() {
      if (lines === '') return true;
      const piece = Buffer.from(lines);
      lines = '';
      return await output.write(piece);
    },
    close: () => output.close(),
  };
}

/** A line of JSON for each packet, on standard output. */
export function jsonSink(names: TapNames): PacketSink {
  return {
    packet(record) {
      const { bytes, offset, length, originalLength, seconds, nanoseconds, lostBefore } = record;
      const comment = tapComment(record, names);
      printJson('packet', {
        time: `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
        interface: names.interfaces[record.interface],
        ...(record.direction !== 0 && { direction: DIRECTIONS[record.direction] }),
        length,
        originalLength,
        summary: summary(bytes, offset, length),
        ...(comment !== undefined && { comment }),
        ...(lostBefore > 0 && { lostBefore }),
      });
    },
    flush: async () => !process.stdout.destroyed,
    close: async () => {},
  };
}

/** Local time of day, to the nanosecond. */
function clock({ seconds, nanoseconds }: Readonly<TapRecord>): string {
  const time = new Date(seconds * 1000);
  const part = (value: number) => String(value).padStart(2, '0');
  const day = `${part(time.getHours())}:${part(time.getMinutes())}:${part(time.getSeconds())}`;
  return `${day}.${String(nanoseconds).padStart(9, '0')}`;
}
