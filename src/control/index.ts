export { ControlBlock } from './control-block.js';
export { type ClassifiedPackets, MacClasses } from './mac-classes.js';
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
