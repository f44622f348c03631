import { closeSync, createWriteStream, openSync, rmSync, writeSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Writable } from 'node:stream';

/** Where the pieces of a capture go. Each piece ends with a whole packet. */
export interface CaptureOutput {
  /** @returns false when nobody wants more: the reader of a pipe has gone */
  write(piece: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

export interface Rotation {
  /** A new file once this one has so many bytes. */
  readonly size?: number | undefined;
  /** A new file with the first packet after so many milliseconds. */
  readonly time?: number | undefined;
  /** How many files are kept. */
  readonly files?: number | undefined;
}

/** A file, or with a rotation several: `tap.pcapng` becomes `tap-00001.pcapng`, `tap-00002.pcapng`, …. */
export class FileOutput implements CaptureOutput {
  readonly #path: string;
  readonly #rotation: Rotation;
  readonly #header: Uint8Array;
  readonly #kept: string[] = [];
  #written = 0;
  #fd: number;
  #size = 0;
  #begun = 0;

  /** @param header what each file begins with */
  constructor(path: string, rotation: Rotation, header: Uint8Array) {
    this.#path = path;
    this.#rotation = rotation;
    this.#header = header;
    this.#fd = this.#begin();
  }

  /** How many files were begun. */
  get files(): number {
    return this.#written;
  }

  async write(piece: Uint8Array): Promise<boolean> {
    const { size, time } = this.#rotation;
    const isLong = size !== undefined && this.#size >= size;
    const isOld = time !== undefined && performance.now() - this.#begun >= time;
    if ((isLong || isOld) && this.#size > this.#header.length) {
      closeSync(this.#fd);
      this.#fd = this.#begin();
    }
    this.#append(piece);
    return true;
  }

  async close(): Promise<void> {
    closeSync(this.#fd);
  }

  #begin(): number {
    const { size, time, files = Number.POSITIVE_INFINITY } = this.#rotation;
    this.#written++;
    const { dir, name, ext } = parse(this.#path);
    const rotates = size !== undefined || time !== undefined;
    const number = String(this.#written).padStart(5, '0');
    const path = rotates ? join(dir, `${name}-${number}${ext}`) : this.#path;
    this.#fd = openSync(path, 'w', 0o600);
    this.#kept.push(path);
    if (this.#kept.length > files) rmSync(this.#kept.shift()!, { force: true });
    this.#size = 0;
    this.#begun = performance.now();
    this.#append(this.#header);
    return this.#fd;
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#size += bytes.length;
  }
}

/** Standard output, or a named pipe. */
export class StreamOutput implements CaptureOutput {
  readonly #stream: Writable;
  readonly #isOurs: boolean;
  #isBroken = false;

  private constructor(stream: Writable, isOurs: boolean) {
    this.#stream = stream;
    this.#isOurs = isOurs;
    if (isOurs) stream.on('error', () => {});
  }

  static stdout(): StreamOutput {
    return new StreamOutput(process.stdout, false);
  }

  static pipe(path: string): StreamOutput {
    return new StreamOutput(createWriteStream(path, { flags: 'w' }), true);
  }

  /** Resolves when the memory may be used again. */
  write(piece: Uint8Array): Promise<boolean> {
    if (this.#isBroken) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#stream.write(piece, (error) => {
        this.#isBroken = error !== null && error !== undefined;
        resolve(!this.#isBroken);
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#isOurs || this.#isBroken) return;
    await new Promise<void>((resolve) => this.#stream.end(() => resolve()));
  }
}
