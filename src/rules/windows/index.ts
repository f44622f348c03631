export { type WindowsHandle, type WindowsRules, windowsRules } from './windows-rules.js';
