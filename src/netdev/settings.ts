import { XdpError } from '../sys/index.js';
import { readNumbers, writeNumbers } from './device-numbers.js';
import { type Feature, getFeatures, setFeatures } from './features.js';
import type { FlowRule } from './flow-rule.js';
import { addFlowRule, isSameRule, listFlowRules, removeFlowRule } from './flow-rules.js';
import type { Link } from './link-message.js';
import { getLink } from './links.js';
import type { NetnsOptions } from './netlink-socket.js';
import {
  CHANNELS,
  type Channels,
  COALESCING,
  type Coalescing,
  type NumberGroup,
  RINGS,
  type RingSizes,
} from './number-groups.js';
import { type FeatureChange, restoreFeatures } from './offloads.js';
import { type Place, placeOf, whereStill } from './place.js';

/** What an interface shall be set to; whatever is absent stays as it is. */
export interface Settings {
  readonly channels?: Channels;
  readonly rings?: RingSizes;
  readonly coalescing?: Coalescing;
  /** By the names `ethtool -k` has for single features. */
  readonly features?: Readonly<Record<string, boolean>>;
  /** Rules to add to those there are. */
  readonly flowRules?: readonly FlowRule[];
}

/** Groups of numbers by the name they have in {@link Settings}. */
const GROUPS: Readonly<Record<GroupName, NumberGroup<string>>> = {
  channels: CHANNELS,
  rings: RINGS,
  coalescing: COALESCING,
};
const GROUP_NAMES: readonly GroupName[] = ['channels', 'rings', 'coalescing'];
type GroupName = 'channels' | 'rings' | 'coalescing';

/** Numbers that were set. */
export interface NumbersChange extends Place {
  readonly setting: GroupName;
  /** What they were before, each of them that was changed. */
  readonly before: Readonly<Record<string, number>>;
}

/** A flow rule that was added. */
export interface FlowRuleChange extends Place {
  readonly setting: 'flow rule';
  readonly added: FlowRule;
}

/** A setting that was changed, as plain data: it survives JSON, so that another process can undo it. */
export type SettingChange = FeatureChange | NumbersChange | FlowRuleChange;

/** What {@link changeSettings} did, and the way back. */
export interface ChangedSettings extends Disposable {
  /** In the order they were made; {@link restoreSettings} undoes them from anywhere. */
  readonly changes: readonly SettingChange[];
  /** Idempotent. @returns the changes that could not be undone, as {@link restoreSettings} does */
  restore(): SettingChange[];
}

export interface ChangeOptions extends NetnsOptions {
  /** Told what is going to be changed, before it is: for a journal that survives the process. */
  readonly onPlan?: (changes: readonly SettingChange[]) => void;
}

/**
 * Sets an interface up for as long as the result is kept. What is as wanted already is no change, and is left alone at
 * the end. When a setting is refused, those made before it are undone. Needs CAP_NET_ADMIN.
 *
 * Many drivers refuse to change channels while an AF_XDP socket is bound, and veth while a program is attached: change
 * them first, and restore them last.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM when the driver lacks a setting, XDP_ERR_NETLINK and XDP_ERR_SYSTEM when
 *   it refuses a value, XDP_ERR_USAGE
 */
export function changeSettings(
  nameOrIndex: string | number,
  settings: Settings,
  options: ChangeOptions = {},
): ChangedSettings {
  const link = getLink(nameOrIndex, options);
  const changes = plan(link, settings, options);
  options.onPlan?.(changes);
  let restored = false;
  const restore = () => {
    if (restored) return [];
    restored = true;
    return restoreSettings(changes);
  };
  try {
    apply(link, settings, changes, options);
  } catch (error) {
    restore();
    throw error;
  }
  return { changes, restore, [Symbol.dispose]: () => void restore() };
}

/**
 * Undoes changes: flow rules first, then features, then numbers, the last one first. An interface or a namespace that has
 * gone away took its settings along.
 *
 * @returns the changes that could not be undone because the driver refuses; `[]` is the rule
 */
export function restoreSettings(changes: readonly SettingChange[]): SettingChange[] {
  const backwards = changes.toReversed();
  const rules = backwards.flatMap((change) => ('added' in change ? change : []));
  const features = changes.flatMap((change) => ('feature' in change ? change : []));
  const numbers = backwards.flatMap((change) => ('setting' in change && change.setting !== 'flow rule' ? change : []));
  return [
    ...rules.filter((change) => !whereDone(change, () => withdrawRule(change))),
    ...restoreFeatures(features),
    ...numbers.filter((change) => {
      const { setting, before, index, netns } = change;
      return !whereDone(change, () => writeNumbers(GROUPS[setting], index, before, { netns }));
    }),
  ];
}

function plan(link: Link, settings: Settings, options: ChangeOptions): SettingChange[] {
  const place = placeOf(link, options.netns);
  const changes: SettingChange[] = [];
  for (const setting of GROUP_NAMES) {
    const before = differing(link, setting, settings, options);
    if (before !== undefined) changes.push({ ...place, setting, before });
  }
  const { features = {}, flowRules = [] } = settings;
  const present = Object.keys(features).length > 0 ? getFeatures(link.index, options) : new Map<string, Feature>();
  for (const [feature, wanted] of Object.entries(features)) {
    const now = present.get(feature);
    if (now === undefined) throw new XdpError('XDP_ERR_USAGE', `${feature} is no feature of an interface`);
    if (!now.changeable && now.active !== wanted) throw held(feature, wanted, link.name);
    if (now.changeable && now.wanted !== wanted) changes.push({ ...place, feature, before: now.wanted });
  }
  const rules = flowRules.length > 0 ? listFlowRules(link.index, options) : [];
  for (const added of flowRules) {
    if (!rules.some((rule) => isSameRule(rule, added))) changes.push({ ...place, setting: 'flow rule', added });
  }
  return changes;
}

/** The present values of the numbers that shall be others. */
function differing(
  link: Link,
  setting: GroupName,
  settings: Settings,
  options: NetnsOptions,
): Record<string, number> | undefined {
  const wanted = Object.entries(settings[setting] ?? {}).filter(([, value]) => value !== undefined);
  if (wanted.length === 0) return undefined;
  const { current } = readNumbers(GROUPS[setting], link.index, options);
  const others = wanted.filter(([name, value]) => current[name] !== value);
  const lacking = others.find(([name]) => current[name] === undefined);
  if (lacking !== undefined) {
    throw new XdpError('XDP_ERR_PLATFORM', `${link.name} has no ${lacking[0]} among its ${GROUPS[setting].what}`);
  }
  return others.length === 0 ? undefined : Object.fromEntries(others.map(([name]) => [name, current[name]!]));
}

function apply(
  { index, name }: Link,
  settings: Settings,
  changes: readonly SettingChange[],
  options: NetnsOptions,
): void {
  const features: Record<string, boolean> = {};
  for (const change of changes) {
    if ('feature' in change) features[change.feature] = settings.features![change.feature]!;
    else if (change.setting !== 'flow rule')
      writeNumbers(GROUPS[change.setting], index, settings[change.setting]!, options);
  }
  if (Object.keys(features).length > 0) {
    setFeatures(index, features, options);
    const now = getFeatures(index, options);
    const other = Object.keys(features).find((feature) => now.get(feature)?.active !== features[feature]);
    if (other !== undefined) throw held(other, features[other]!, name);
  }
  for (const change of changes) if ('added' in change) addFlowRule(index, change.added, options);
}

function held(feature: string, wanted: boolean, name: string): XdpError {
  const words = `${feature} of ${name} can't be switched ${wanted ? 'on' : 'off'}: its driver holds it`;
  return new XdpError('XDP_ERR_PLATFORM', words);
}

/** By what it does: a driver may have chosen its place, and an earlier journal doesn't know it. */
function withdrawRule({ added, index, netns }: FlowRuleChange): void {
  const found = listFlowRules(index, { netns }).find((rule) => isSameRule(rule, added));
  if (found?.location !== undefined) removeFlowRule(index, found.location, { netns });
}

/** @returns false when the driver refused; an interface that has gone away is no refusal */
function whereDone(place: Place, run: () => void): boolean {
  try {
    whereStill(place, run);
    return true;
  } catch (error) {
    if (error instanceof XdpError && error.code !== 'XDP_ERR_PERMISSION') return false;
    throw error;
  }
}
