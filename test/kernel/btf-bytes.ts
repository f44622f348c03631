/** Writes BTF by hand (Documentation/bpf/btf.rst): types, and the strings that name them. */
export class BtfBytes {
  #strings = '\0';
  readonly #types: number[] = [];
  #count = 0;

  /** The offset of a string. */
  string(text: string): number {
    const at = this.#strings.length;
    this.#strings += `${text}\0`;
    return at;
  }

  /** @returns the type's id */
  integer(name: string, bytes: number, signed = false): number {
    return this.#type(name, 1, 0, bytes, [((signed ? 1 : 0) << 24) | (bytes * 8)]);
  }

  struct(name: string, size: number, members: readonly { name: string; type: number; offset: number }[]): number {
    const words = members.flatMap((member) => [this.string(member.name), member.type, member.offset * 8]);
    return this.#type(name, 4, members.length, size, words);
  }

  /** A function without arguments. */
  function(name: string, result: number): number {
    const prototype = this.#type('', 13, 0, result);
    const GLOBAL = 1;
    return this.#type(name, 12, GLOBAL, prototype);
  }

  bytes(): Uint8Array {
    const types = new Uint8Array(new Uint32Array(this.#types).buffer);
    const strings = Buffer.from(this.#strings, 'latin1');
    const header = new Uint32Array([0x0001_eb9f, 24, 0, types.length, types.length, strings.length]);
    return Buffer.concat([new Uint8Array(header.buffer), types, strings]);
  }

  #type(name: string, kind: number, vlen: number, sizeOrType: number, more: readonly number[] = []): number {
    this.#types.push(name === '' ? 0 : this.string(name), (kind << 24) | vlen, sizeOrType, ...more);
    this.#count++;
    return this.#count;
  }
}
