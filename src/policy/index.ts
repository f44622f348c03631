export { clearStaleRules, type InstallOptions, installRules, listInstalledRules } from './install-rules.js';
export { type ChangeOptions, InstalledRules, type RulesPlace, type RulesTrial } from './installed-rules.js';
export type { RuleStatistics } from './rule-counters.js';
