import { type BpfLink, BpfMap, lockPins, type XdpMode } from '../kernel/index.js';
import { getLink, type Link, listLinks } from '../netdev/index.js';
import { expressionConditions, type RuleSet, validateRules } from '../rules/index.js';
import { OwnedFd, requireCapabilities } from '../sys/index.js';
import { linkOf } from './link-of.js';
import { type RuleStatistics, statisticsOf } from './rule-counters.js';
import { clearStalePins, RulePins } from './rule-pins.js';
import { RuleProgram } from './rule-program.js';
import { runTask } from './task-outcome.js';
import { type Installed, notInstalled, type Replaced } from './tasks.js';

export interface RulesPlace {
  /** Network namespace of the interface, by name or path. Default: the caller's. */
  readonly netns?: string | undefined;
}

export interface ChangeOptions {
  /**
   * The change is rolled back unless {@link InstalledRules.confirm} is called, here or in another process: by
   * {@link InstalledRules.rollBack}, and for rules that are new on the interface by the end of this process, however it ends.
   */
  readonly trial?: boolean | undefined;
  /** Gives up waiting for other changes to end. */
  readonly signal?: AbortSignal | undefined;
}

export interface InstallOptions extends RulesPlace, ChangeOptions {
  /** Where the rules run. `auto` (default): native where the driver can, otherwise generic. */
  readonly mode?: XdpMode | 'auto' | undefined;
  /** Take an interface although it carries the default route or this session. Default false. */
  readonly force?: boolean | undefined;
}

/**
 * Installs rules on an interface: they outlive the process. Needs CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN; Linux 5.15.
 *
 * @throws RulesError (XDP_ERR_RULES); XDP_ERR_INSTALLED when there are rules already, XDP_ERR_FOREIGN_PROGRAM,
 *   XDP_ERR_PROTECTED, XDP_ERR_NO_INTERFACE (also for one that rules redirect to), XDP_ERR_NO_PROGRAM, XDP_ERR_VERIFIER,
 *   XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_MTU, XDP_ERR_PERMISSION
 */
export async function installRules(
  interfaceName: string,
  ruleSet: RuleSet,
  options: InstallOptions = {},
): Promise<InstalledRules> {
  const { netns, mode, force, trial = false, signal } = options;
  const rules = validateRules(ruleSet, { expression: expressionConditions });
  needCapabilities();
  using _ = await lockPins({ signal });
  const task = { interface: interfaceName, rules, trial, mode, force };
  const { held, notices } = await runTask<Installed>('install', [task], netns);
  const owned = held.map((fd) => new OwnedFd(fd, `rules of ${interfaceName} on trial`));
  try {
    return new InstalledRules(getLink(interfaceName, { netns }), { netns }, notices, owned);
  } catch (error) {
    for (const fd of owned) fd.close();
    throw error;
  }
}

/** The interfaces that have rules, in one namespace. */
export function listInstalledRules(place: RulesPlace = {}): InstalledRules[] {
  needCapabilities();
  return listLinks(place).flatMap((link) => {
    using found = RuleProgram.on(link);
    return found === undefined ? [] : [new InstalledRules(link, place)];
  });
}

/**
 * Clears what stayed behind of rules whose interface or namespace is gone. @returns sentences about it
 *
 * @throws XDP_ERR_PERMISSION
 */
export async function clearStaleRules(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<string[]> {
  needCapabilities();
  using _ = await lockPins(options);
  return clearStalePins();
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
  /** The program that a replacement on trial has brought. */
  #trialId: number | undefined;

  /** @internal */
  constructor(link: Link, { netns }: RulesPlace, notices: readonly string[] = [], held: readonly OwnedFd[] = []) {
    using rules = RuleProgram.on(link);
    if (rules === undefined) throw notInstalled(link.name);
    this.interface = link.name;
    this.netns = netns;
    this.notices = notices;
    this.#link = linkOf(link, rules);
    this.#held = held;
  }

  /** @throws XDP_ERR_NOT_INSTALLED, XDP_ERR_NO_INTERFACE, XDP_ERR_NO_NAMESPACE, XDP_ERR_PERMISSION */
  static open(interfaceName: string, place: RulesPlace = {}): InstalledRules {
    needCapabilities();
    return new InstalledRules(getLink(interfaceName, place), place);
  }

  /** In canonical form. */
  get rules(): RuleSet {
    return this.#read(({ rules }) => rules);
  }

  /** When these rules came: the last change of them. */
  get installed(): Date {
    return new Date(this.#read(({ record }) => record.installed));
  }

  get mode(): XdpMode {
    const [attached] = getLink(this.interface, this).xdp;
    return attached?.mode === 'generic' ? 'generic' : 'native';
  }

  get programId(): number {
    return this.#link.info.programId;
  }

  get linkId(): number {
    return this.#link.info.id;
  }

  /** Whether they wait to be confirmed: rules that are new on the interface, or such as replaced others. */
  get trial(): 'install' | 'replace' | undefined {
    const pins = this.#pins();
    if (!pins.linkIsPinned) return 'install';
    return pins.previousId === undefined ? undefined : 'replace';
  }

  /** Counts of all rules, in their order. */
  statistics(): RuleStatistics[] {
    return this.#read((program) => statisticsOf(program));
  }

  /**
   * The map that rules redirect to sockets by: queue to AF_XDP socket. It stays when rules are replaced by others that name the
   * socket too, and the number of queues is the same. To be closed by the caller.
   *
   * @param name of the socket; none for rules that just say `redirect`
   * @returns undefined when no rule redirects there
   */
  socketMap(name?: string): BpfMap | undefined {
    return this.#read(({ record, maps }) => {
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
  async replace(ruleSet: RuleSet, { trial = false, signal }: ChangeOptions = {}): Promise<readonly string[]> {
    const rules = validateRules(ruleSet, { expression: expressionConditions });
    using _ = await lockPins({ signal });
    const task = { interface: this.interface, rules, trial };
    const { programId, notices } = await runTask<Replaced>('replace', [task], this.netns);
    if (trial) this.#trialId = programId;
    return notices;
  }

  /** Makes a change on trial last. Nothing, when there is none. */
  async confirm({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    using _ = await lockPins({ signal });
    const pins = this.#pins();
    if (!pins.linkIsPinned) this.#read((program) => pins.install(this.#link, program));
    pins.forgetPrevious();
    this.#trialId = undefined;
    this.#release();
  }

  /** Takes back a change that this object has made on trial. @returns false when it was confirmed meanwhile */
  async rollBack(): Promise<boolean> {
    using _ = await lockPins();
    if (this.#trialId !== undefined) {
      const trialId = this.#trialId;
      this.#trialId = undefined;
      return await runTask<boolean>('rollBack', [this.interface, trialId], this.netns);
    }
    if (this.#held.length === 0 || this.#pins().linkIsPinned) return false;
    this.#link.detach();
    this.#release();
    return true;
  }

  /** Takes the rules off, and their pins away. */
  async unload({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    using _ = await lockPins({ signal });
    this.#link.detach();
    this.#pins().directory.remove();
    this.close();
  }

  /** Idempotent. */
  close(): void {
    // Closing would do it too, but only some moments later.
    if (this.#held.length > 0 && !this.#pins().linkIsPinned) this.#link.detach();
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

  #pins(): RulePins {
    return new RulePins(this.interface, this);
  }

  #read<T>(read: (program: RuleProgram) => T): T {
    using program = RuleProgram.openId(this.#link.info.programId);
    if (program === undefined || !isAttached(this.#link)) throw notInstalled(this.interface);
    return read(program);
  }
}

function isAttached(link: BpfLink): boolean {
  const { target } = link.info;
  return 'ifindex' in target && target.ifindex !== 0;
}

function needCapabilities(): void {
  requireCapabilities('rules on an interface', ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_SYS_ADMIN']);
}
