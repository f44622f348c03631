import { XdpError } from '../sys/index.js';
import { checkSetting, type SettingName, type Settings, type SettingsSchema } from './setting.js';

/** Bytes before the values: the generation, and room to 8. */
const HEADER = 8;

/**
 * Settings in shared memory: one thread writes them, any number read them, and nobody waits. The generation counts the
 * changes and is odd while one is under way (a sequence lock), so that a reader never acts on half a change.
 */
export class ControlBlock<Schema extends SettingsSchema> {
  readonly shared: SharedArrayBuffer;
  readonly interfaces: number;
  readonly schema: Schema;
  readonly #generation: Int32Array;
  readonly #values: Float64Array;
  readonly #global: readonly SettingName<Schema>[];
  readonly #own: readonly SettingName<Schema>[];

  /**
   * @param interfaces how many have values of their own
   * @param shared the memory of a block of the same schema and as many interfaces, made in another thread. Without it,
   *   a new block has the initial values
   */
  constructor(schema: Schema, interfaces: number, shared?: SharedArrayBuffer) {
    const names = Object.keys(schema) as SettingName<Schema>[];
    this.schema = schema;
    this.interfaces = interfaces;
    this.#global = names.filter((name) => schema[name]!.scope === 'global');
    this.#own = names.filter((name) => schema[name]!.scope === 'interface');
    const values = this.#global.length + interfaces * this.#own.length;
    this.shared = shared ?? new SharedArrayBuffer(HEADER + values * Float64Array.BYTES_PER_ELEMENT);
    this.#generation = new Int32Array(this.shared, 0, 1);
    this.#values = new Float64Array(this.shared, HEADER, values);
    if (shared !== undefined) return;
    for (const name of this.#global) this.#values[this.#slot(name)] = schema[name]!.initial;
    for (let port = 0; port < interfaces; port++) {
      for (const name of this.#own) this.#values[this.#slot(name, port)] = schema[name]!.initial;
    }
  }

  /** Differs from an earlier one when something was set meanwhile. Odd while a change is under way. */
  get generation(): number {
    return Atomics.load(this.#generation, 0);
  }

  /**
   * Whether the generation is another one. For every turn: a plain read, which takes a tenth of an atomic one's time. What it tells
   * comes a moment late, and only {@link generation} promises that what was set before is seen.
   */
  hasChanged(since: number | undefined): boolean {
    return this.#generation[0] !== since;
  }

  /** @param port index of the interface, for a setting that each has its own of. @throws XDP_ERR_USAGE */
  get(name: SettingName<Schema>, port?: number): number {
    return this.#values[this.#slot(name, port)]!;
  }

  /** For the one thread that writes. @throws XDP_ERR_USAGE for a value out of range, or an interface that isn't there */
  set(name: SettingName<Schema>, value: number, port?: number): void {
    this.change({ [name]: value } as Partial<Settings<Schema>>, port);
  }

  /**
   * Several at once: a reader sees all of them or none. When one is out of range, nothing is changed.
   *
   * @throws XDP_ERR_USAGE
   */
  change(values: Partial<Settings<Schema>>, port?: number): void {
    const writes = (Object.entries(values) as [SettingName<Schema>, number][]).map(([name, value]) => {
      const slot = this.#slot(name, port);
      checkSetting(this.schema[name]!, value);
      return { slot, value };
    });
    Atomics.add(this.#generation, 0, 1);
    for (const { slot, value } of writes) this.#values[slot] = value;
    Atomics.add(this.#generation, 0, 1);
  }

  /** All that holds for an interface; undefined while a change is under way: ask again later. */
  read(port: number): Settings<Schema> | undefined {
    const before = this.generation;
    const names = [...this.#global, ...this.#own];
    const entries = names.map((name) => [name, this.#values[this.#slot(name, port)]]);
    return before % 2 === 0 && this.generation === before
      ? (Object.fromEntries(entries) as Settings<Schema>)
      : undefined;
  }

  #slot(name: SettingName<Schema>, port?: number): number {
    const setting = this.schema[name];
    if (setting === undefined) throw new XdpError('XDP_ERR_USAGE', `there is no setting ${JSON.stringify(name)}`);
    if (setting.scope === 'global') return this.#global.indexOf(name);
    if (port === undefined || !Number.isInteger(port) || port < 0 || port >= this.interfaces) {
      throw new XdpError('XDP_ERR_USAGE', `${setting.word} needs an interface from 0 to ${this.interfaces - 1}`);
    }
    return this.#global.length + port * this.#own.length + this.#own.indexOf(name);
  }
}
