export {
  type ChangeOptions,
  clearStaleRules,
  InstalledRules,
  type InstallOptions,
  installRules,
  listInstalledRules,
  type RulesPlace,
} from './installed-rules.js';
export type { RuleStatistics } from './rule-counters.js';
