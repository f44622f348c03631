import { CLASS_NAMES, type ClassName, type ClassSet, PacketClass } from './packet-classes.js';

/** Where the code for each class begins. Classes for which the same is left to do share a label, and need not be told apart. */
export class ClassLabels {
  readonly #labels: ReadonlyMap<ClassName, string>;

  constructor(labels: ReadonlyMap<ClassName, string>) {
    this.#labels = labels;
  }

  of(name: ClassName): string {
    return this.#labels.get(name)!;
  }

  /** The label of all the classes, if they have one in common. */
  common(classes: ClassSet): string | undefined {
    const labels = new Set(CLASS_NAMES.filter((name) => classes & PacketClass[name]).map((name) => this.of(name)));
    return labels.size === 1 ? [...labels][0] : undefined;
  }
}
