import { XdpError } from '../sys/index.js';

/** A setting that is a number. Everything that anybody needs to know of it stands here and nowhere else. */
export interface Setting {
  /** One value for all, or one for each interface. */
  readonly scope: 'global' | 'interface';
  /** The word that sets it on the console. */
  readonly word: string;
  /** What it counts: `1/1000`, `bytes`, `us`, `bit/s`. Empty for a plain number or a choice. */
  readonly unit: string;
  /** Whole numbers from `min` to `max`. */
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  /** Names of the values from 0 on, where people say a name. */
  readonly choices?: readonly string[];
  /** What it does, as a line of help. */
  readonly help: string;
}

/** Settings by name. */
export type SettingsSchema = Readonly<Record<string, Setting>>;
export type SettingName<Schema extends SettingsSchema> = Extract<keyof Schema, string>;
/** All settings that hold for one interface: its own and those for all. */
export type Settings<Schema extends SettingsSchema> = Readonly<Record<SettingName<Schema>, number>>;

/** What a setting may be, for people: `a whole number from 0 to 1000 (1/1000)`. */
export function settingRange({ choices, min, max, unit }: Setting): string {
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  return `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`;
}

/** @throws XDP_ERR_USAGE for a value out of the setting's range */
export function checkSetting(setting: Setting, value: number): void {
  if (Number.isInteger(value) && value >= setting.min && value <= setting.max) return;
  throw new XdpError('XDP_ERR_USAGE', `${setting.word} takes ${settingRange(setting)}, not ${value}`);
}

/**
 * The value that a text stands for: decimal digits, or the name of a choice.
 *
 * @throws XDP_ERR_USAGE
 */
export function parseSetting(setting: Setting, text: string): number {
  const choice = setting.choices?.indexOf(text) ?? -1;
  const value = choice >= 0 ? choice : /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) {
    const given = JSON.stringify(text);
    throw new XdpError('XDP_ERR_USAGE', `${setting.word} takes ${settingRange(setting)}, not ${given}`);
  }
  checkSetting(setting, value);
  return value;
}

/** A value as people say it: the name of a choice, or the number. */
export function settingText(setting: Setting, value: number): string {
  return setting.choices?.[value] ?? String(value);
}
