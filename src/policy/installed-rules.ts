import { type BpfLink, BpfMap, lockPins, type XdpMode } from '../kernel/index.js';
import { getLink, type Link } from '../netdev/index.js';
import { expressionConditions, type RuleSet, validateRules } from '../rules/index.js';
import { type OwnedFd, requireCapabilities } from '../sys/index.js';
import { JudgingRules } from './judging-rules.js';
import { linkOf } from './link-of.js';
import { type RuleStatistics, statisticsOf } from './rule-counters.js';
import { RulePins } from './rule-pins.js';
import { runTask } from './task-outcome.js';
import { type Changed, notInstalled } from './tasks.js';

export interface RulesPlace {
  /** Network namespace of the interface, by name or path. Default: the caller's. */
  readonly netns?: string | undefined;
}

export interface ChangeOptions {
  /**
   * Milliseconds. The change is rolled back unless {@link InstalledRules.confirm} is called in this time, here or in another
   * process. When it is over the kernel has the old rules judge again, or passes everything, whatever has become of this
   * process; rules that are new on the interface end with this process, however it ends.
   */
  readonly confirmWithin?: number | undefined;
  /** Gives up waiting for other changes to end. */
  readonly signal?: AbortSignal | undefined;
}

/** A change that waits to be confirmed. */
export interface RulesTrial {
  /** Whether the rules are new on the interface, or others come back if nobody confirms these. */
  readonly kind: 'install' | 'replace';
  /** When the change is rolled back. */
  readonly until: Date;
}

/**
 * Rules that are installed on an interface. All is read from the program that is attached at that moment, whoever has put it
 * there. Closing this leaves the rules where they are, unless they are new and on trial.
 */
export class InstalledRules implements Disposable {
  readonly interface: string;
  readonly netns: string | undefined;
  /** What is to be known about how they were installed, as sentences. */
  readonly notices: readonly string[];
  readonly #link: BpfLink;
  /** What holds rules that are new and on trial. */
  #held: readonly OwnedFd[];
  /** The change on trial that was made by this object. */
  #change: Changed['trial'];

  /** @internal */
  constructor(link: Link, { netns }: RulesPlace, change: Changed = { notices: [] }, held: readonly OwnedFd[] = []) {
    using judging = JudgingRules.on(link);
    if (judging === undefined) throw notInstalled(link.name);
    this.interface = link.name;
    this.netns = netns;
    this.notices = change.notices;
    this.#link = linkOf(link, judging.attached);
    this.#change = change.trial;
    this.#held = held;
  }

  /** @throws XDP_ERR_NOT_INSTALLED, XDP_ERR_NO_INTERFACE, XDP_ERR_NO_NAMESPACE, XDP_ERR_PERMISSION */
  static open(interfaceName: string, place: RulesPlace = {}): InstalledRules {
    needCapabilities();
    return new InstalledRules(getLink(interfaceName, place), place);
  }

  /** In canonical form. */
  get rules(): RuleSet {
    return this.#read(({ rules }) => rules.rules);
  }

  /** When these rules came: the last change of them. */
  get installed(): Date {
    return new Date(this.#read(({ rules }) => rules.record.installed));
  }

  get mode(): XdpMode {
    const [attached] = getLink(this.interface, this).xdp;
    return attached?.mode === 'generic' ? 'generic' : 'native';
  }

  /** Of these rules. While they are on trial another program stands before it on the interface. */
  get programId(): number {
    return this.#read(({ rules }) => rules.id);
  }

  get linkId(): number {
    return this.#link.info.id;
  }

  /** The change that waits to be confirmed, if one does. */
  get trial(): RulesTrial | undefined {
    return this.#read(({ trial, isOverdue }) => {
      if (trial === undefined || isOverdue) return undefined;
      const kind = trial.previousId === undefined ? 'install' : 'replace';
      return { kind, until: new Date(Date.now() + trial.left) };
    });
  }

  /** What has become of the last change that this object has made on trial; undefined if it has made none. */
  get outcome(): 'pending' | 'confirmed' | 'rolled back' | undefined {
    if (this.#change === undefined) return undefined;
    const { id, previousId } = this.#change;
    const { programId } = this.#link.info;
    if (!isAttached(this.#link) || programId === previousId) return 'rolled back';
    return programId === id ? 'pending' : 'confirmed';
  }

  /** Counts of all rules, in their order. */
  statistics(): RuleStatistics[] {
    return this.#read(({ rules }) => statisticsOf(rules));
  }

  /**
   * The map that rules redirect to sockets by: queue to AF_XDP socket. It stays when rules are replaced by others that name the
   * socket too, and the number of queues is the same. To be closed by the caller.
   *
   * @param name of the socket; none for rules that just say `redirect`
   * @returns undefined when no rule redirects there
   */
  socketMap(name?: string): BpfMap | undefined {
    return this.#read(({ rules: { record, maps } }) => {
      const slot = record.sockets.find((socket) => socket.name === name);
      const map = slot && maps.get(slot.map);
      return map && BpfMap.openId(map.info.id);
    });
  }

  /**
   * Puts other rules in the place of these: each packet is judged by the old set or by the new one. Counts of rules whose name
   * stays go on; limits begin anew. Takes some 100 ms, on a thread of its own.
   *
   * @returns what is to be known about it, as sentences
   * @throws as {@link installRules}; XDP_ERR_NOT_INSTALLED when they are gone, XDP_ERR_INSTALLED while a change waits to be
   *   confirmed
   */
  async replace(ruleSet: RuleSet, { confirmWithin, signal }: ChangeOptions = {}): Promise<readonly string[]> {
    const rules = validateRules(ruleSet, { expression: expressionConditions });
    using _ = await lockPins({ signal });
    const task = { interface: this.interface, rules, confirmWithin };
    const { trial, notices } = await runTask<Changed>('replace', [task], this.netns);
    this.#change = trial;
    return notices;
  }

  /**
   * Makes a change on trial last. Nothing, when there is none.
   *
   * @throws XDP_ERR_NOT_CONFIRMED when it is too late for that: then the change is rolled back
   */
  async confirm({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    using _ = await lockPins({ signal });
    await runTask('confirm', [this.interface], this.netns);
    this.#release();
  }

  /** Takes back a change that this object has made on trial, unless it was confirmed: see {@link outcome}. */
  async rollBack(): Promise<void> {
    using _ = await lockPins();
    if (this.#change !== undefined) await runTask('rollBack', [this.interface, this.#change.id], this.netns);
    this.#release();
  }

  /**
   * Tidies up after a change that nobody has confirmed in time. The kernel has ended it already: counts of the time of the trial
   * are added, and pins are put in order. {@link replace} and {@link installRules} do so themselves.
   *
   * @returns sentences about it
   */
  async endOverdueTrial(): Promise<readonly string[]> {
    if (!this.#read(({ isOverdue }) => isOverdue)) return [];
    using _ = await lockPins();
    return await runTask<string[]>('endOverdue', [this.interface], this.netns);
  }

  /** Takes the rules off, and their pins away. */
  async unload({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    using _ = await lockPins({ signal });
    this.#link.detach();
    new RulePins(this.interface, this).directory.remove();
    this.close();
  }

  /** Idempotent. */
  close(): void {
    // Closing would do it too, but only some moments later.
    if (this.#held.length > 0 && this.outcome === 'pending') this.#link.detach();
    this.#release();
    this.#link.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    for (const fd of this.#held) fd.close();
    this.#held = [];
  }

  #read<T>(read: (judging: JudgingRules) => T): T {
    using judging = JudgingRules.ofProgram(this.#link.info.programId);
    if (judging === undefined || !isAttached(this.#link)) throw notInstalled(this.interface);
    return read(judging);
  }
}

function isAttached(link: BpfLink): boolean {
  const { target } = link.info;
  return 'ifindex' in target && target.ifindex !== 0;
}

export function needCapabilities(): void {
  requireCapabilities('rules on an interface', ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_SYS_ADMIN']);
}
