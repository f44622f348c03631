import type { Codec } from '../kernel/index.js';
import { XdpError } from '../sys/index.js';
import { type BtfCodecs, type BtfValue, plainBytes } from './btf-codec.js';
import type { DataSection, PlacedVariable } from './data-sections.js';

/** A global variable of an object file: its initial value, or that of the loaded program. */
export class Variable {
  readonly name: string;
  /** `.data`, `.bss`, `.rodata`… */
  readonly section: string;
  /** Bytes. */
  readonly size: number;
  /** Programs can't change it; once it is loaded nobody can. */
  readonly readOnly: boolean;
  readonly #codec: Codec<BtfValue>;
  readonly #offset: number;
  readonly #memory: () => Uint8Array;
  readonly #frozen: boolean;

  /**
   * @internal
   * @param memory where the section is now
   * @param frozen it can't be set any more
   */
  constructor(
    section: DataSection,
    { name, size, offset }: PlacedVariable,
    codec: Codec<BtfValue>,
    memory: () => Uint8Array,
    frozen: boolean,
  ) {
    this.name = name;
    this.section = section.name;
    this.size = size;
    this.readOnly = section.readOnly;
    this.#codec = codec;
    this.#offset = offset;
    this.#memory = memory;
    this.#frozen = frozen;
  }

  /** @throws XDP_ERR_CLOSED */
  get(): BtfValue {
    const bytes = new Uint8Array(this.size);
    copy(this.#place(), bytes);
    return this.#codec.read(new DataView(bytes.buffer), 0);
  }

  /**
   * Programs that run meanwhile see a variable of up to 8 bytes change at once; of a larger one they may see a part.
   *
   * @param value of the variable's type, or its bytes
   * @throws XDP_ERR_USAGE when the value does not fit, or the variable is read-only and loaded; XDP_ERR_CLOSED
   */
  set(value: BtfValue): void {
    if (this.#frozen) {
      throw new XdpError(
        'XDP_ERR_USAGE',
        `${this.name} is read-only and loaded: its value is part of the program now`,
        {
          advice: 'set it before the object is loaded',
        },
      );
    }
    // Written as a whole, or not at all: a value may turn out wrong in its last field.
    const bytes = new Uint8Array(this.size);
    if (!(value instanceof Uint8Array)) this.#encode(value, bytes);
    else if (value.length === this.size) bytes.set(value);
    else throw new XdpError('XDP_ERR_USAGE', `${this.name} has ${this.size} bytes, not ${value.length}`);
    copy(bytes, this.#place());
  }

  #encode(value: BtfValue, bytes: Uint8Array): void {
    try {
      this.#codec.write(new DataView(bytes.buffer), 0, value);
    } catch (cause) {
      if (!(cause instanceof XdpError)) throw cause;
      throw new XdpError(cause.code, `${this.name}: ${cause.message}`, { cause });
    }
  }

  #place(): Uint8Array {
    return this.#memory().subarray(this.#offset, this.#offset + this.size);
  }
}

/**
 * All variables by name; of several with one name (static ones can have that) the first.
 *
 * @param memory where a section is now
 * @param loaded those that are read-only can't be set any more
 */
export function variablesOf(
  sections: readonly DataSection[],
  codecs: BtfCodecs | undefined,
  memory: (section: DataSection) => Uint8Array,
  { loaded = false }: { readonly loaded?: boolean } = {},
): Map<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const section of sections) {
    for (const placed of section.variables) {
      if (variables.has(placed.name)) continue;
      const codec = codecs?.of(placed.type, placed.size) ?? plainBytes(placed.size);
      const frozen = loaded && section.readOnly;
      variables.set(placed.name, new Variable(section, placed, codec, () => memory(section), frozen));
    }
  }
  return variables;
}

/** By size. A BigUint64Array is treated as what it is not: its elements are only handed on. */
const WORDS: Readonly<Record<number, Uint32ArrayConstructor>> = {
  2: Uint16Array as unknown as Uint32ArrayConstructor,
  4: Uint32Array,
  8: BigUint64Array as unknown as Uint32ArrayConstructor,
};

/** Copies all bytes; a word that is aligned, as C variables are, in one access. */
function copy(from: Uint8Array, to: Uint8Array): void {
  const Word = WORDS[from.length];
  if (Word === undefined || from.byteOffset % from.length !== 0 || to.byteOffset % to.length !== 0) {
    to.set(from);
    return;
  }
  const source = new Word(from.buffer, from.byteOffset, 1);
  Atomics.store(new Word(to.buffer, to.byteOffset, 1), 0, Atomics.load(source, 0));
}
