export { ControlBlock } from './control-block.js';
export { MacFilter } from './mac-filter.js';
export { MacSet } from './mac-set.js';
export {
  checkSetting,
  parseSetting,
  type Setting,
  type SettingName,
  type Settings,
  type SettingsSchema,
  settingRange,
  settingText,
} from './setting.js';
