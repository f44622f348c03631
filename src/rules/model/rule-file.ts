import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Path } from './findings.js';

/** A YAML or JSON text whose values can be found again. */
export class RuleFile {
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, logLevel: 'error' });
  }

  /** What is wrong with the text itself: an unknown tag, for one, would silently be ignored. */
  get problems(): { message: string; line: number; column: number }[] {
    return [...this.#document.errors, ...this.#document.warnings].map(({ message, pos }) => ({
      message,
      ...this.#at(pos[0]),
    }));
  }

  value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** Where the value at a path stands, or as much of the path as there is; `key` is a member's name that is meant. */
  locate(path: Path, key: string | undefined): { line: number; column: number } | undefined {
    let node: unknown = this.#document.contents;
    let offset = rangeStart(node);
    for (const [i, step] of [...path, ...(key === undefined ? [] : [key])].entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
        const isKeyMeant = key !== undefined && i === path.length;
        node = isKeyMeant ? pair?.key : pair?.value;
        // A member without a value stands where its name does.
        offset = rangeStart(node) ?? rangeStart(pair?.key) ?? offset;
      } else {
        node = isSeq(node) && typeof step === 'number' ? node.items[step] : undefined;
        offset = rangeStart(node) ?? offset;
      }
    }
    return offset === undefined ? undefined : this.#at(offset);
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0];
}

/** YAML with each match and action on one line, where it isn't long. */
export function yamlText(value: unknown, flowLength: number): string {
  const document = new Document(value);
  const rules = document.get('rules');
  for (const rule of isSeq(rules) ? rules.items : []) {
    for (const pair of isMap(rule) ? rule.items : []) {
      const isShort = JSON.stringify(pair.value).length <= flowLength;
      if (isMap(pair.value) && isShort) pair.value.flow = true;
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
