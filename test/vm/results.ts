import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { Kernel } from './cache.js';
import type { Nic } from './nic.js';
import type { FileResult } from './report.js';
import { filePassed } from './summary.js';

const FOLDER = 'temp/vm/results';

/** How the files of one kernel and NIC ended, kept from run to run, as JSON lines: a later run goes on with what is missing. */
export class Results {
  readonly #path: string;

  /** @param resume whether results of earlier runs count */
  constructor(kernel: Kernel, nic: Nic, resume: boolean) {
    this.#path = `${FOLDER}/${kernel}-${nic}.jsonl`;
    mkdirSync(FOLDER, { recursive: true });
    if (!resume) rmSync(this.#path, { force: true });
  }

  add(result: FileResult): void {
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }

  /** The last result of each file that passed then. */
  passed(): FileResult[] {
    const last = new Map<string, FileResult>();
    const text = existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : '';
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const result = JSON.parse(line) as FileResult;
      last.set(result.file, result);
    }
    return [...last.values()].filter(filePassed);
  }
}
